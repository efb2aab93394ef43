"""Weights that others trained and released, under the names that our networks have.

A format is a function from a released state dict to ours, found by its name. Files are safetensors, or torch's own; of these
only tensors and plain values are read, by an unpickler that runs no code.
"""

import pickle
import re
from pathlib import Path

import torch

from energyguide.files.arrays import load_tensors
from energyguide.files.atomic import sha256

FORMATS = {}


def layout(function):
    FORMATS[function.__name__] = function
    return function


@layout
def plain(weights):
    """Our names, which for a ResNet are torchvision's."""
    return weights


@layout
def robustness(weights):
    """CIFAR ResNets of the library `robustness` (Engstrom et al. 2019), with the mean and deviation that it normalises by."""
    renamed = {}
    for name, value in weights.items():
        name = name.removeprefix("module.")
        if name in ("normalizer.new_mean", "normalizer.new_std"):
            renamed[name.removeprefix("normalizer.new_")] = value.view(1, -1, 1, 1)
        elif name.startswith("model."):
            name = name.removeprefix("model.").replace(".shortcut.", ".downsample.")
            renamed[re.sub(r"^linear\.", "fc.", name)] = value
    return renamed


BLOCK = {  # of a diffusers UNet2DModel, by our names
    "norm1": "norm1",
    "conv1": "conv1",
    "time_emb_proj": "emb",
    "norm2": "norm2",
    "conv2": "conv2",
    "conv_shortcut": "skip",
    "group_norm": "attention.norm",
    "to_out.0": "attention.out",
}
ENDS = {
    "conv_in": "encoder.stem",
    "time_embedding.linear_1": "embedding.mlp.0",
    "time_embedding.linear_2": "embedding.mlp.2",
    "class_embedding": "embedding.label",
    "conv_norm_out": "head.0",
    "conv_out": "head.2",
}


@layout
def diffusers(weights):
    """UNet2DModel of diffusers, as in google/ddpm-cifar10-32: DDPM's own network."""
    weights, renamed = {modern(name): value for name, value in weights.items()}, {}
    places = {"mid_block.resnets.0": "encoder.middle.0", "mid_block.resnets.1": "encoder.middle.1"}
    places |= in_a_row(weights, "down_blocks", "downsamplers", "encoder.down")
    places |= in_a_row(weights, "up_blocks", "upsamplers", "up")
    for name, value in weights.items():
        module, _, kind = name.rpartition(".")
        if module in ENDS:
            renamed[f"{ENDS[module]}.{kind}"] = value
            continue
        inside = re.fullmatch(r"(\w+_blocks?\.(?:\d+\.)?\w+\.\d+)\.(.+)", module)
        if not inside:  # of another network: `fit` names it
            renamed[name] = value
            continue
        block, part = inside.groups()
        ours = places.get(block.replace("attentions", "resnets"), block)
        if part == "conv":
            renamed[f"{ours}.conv.{kind}"] = value
        elif part == "to_q":
            parts = (f"{block}.{p}.{kind}" for p in ("to_q", "to_k", "to_v"))
            joined = torch.cat([weights[part] for part in parts if part in weights])
            renamed[f"{ours}.attention.qkv.{kind}"] = joined[..., None, None] if kind == "weight" else joined
        elif part not in ("to_k", "to_v"):
            value = value[..., None, None] if part == "to_out.0" and kind == "weight" else value
            renamed[f"{ours}.{'' if part in ('group_norm', 'to_out.0') else 'res.'}{BLOCK.get(part, part)}.{kind}"] = value
    return renamed


def modern(name):
    """The present name of a layer of attention, which old releases call otherwise."""
    for old, new in {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}.items():
        name = name.replace(old, new)
    return name


def in_a_row(weights, blocks, resampling, ours):
    """Residual blocks and changes of resolution as one row, as our network has them: their names there by their names here."""
    matches = {re.match(rf"({blocks}\.(\d+)\.(resnets|{resampling})\.(\d+))\.", name) for name in weights}
    ordered = sorted({m.groups() for m in matches if m}, key=lambda part: (int(part[1]), part[2] == resampling, int(part[3])))
    return {name: f"{ours}.{i}" for i, (name, *_) in enumerate(ordered)}


def read(path, expected):
    """The state dict in a file whose sha256 is `expected`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is another file, is damaged, or holds more than a state dict, or none.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} is missing; download it, or take its network out of `weights`")
    checksum = sha256(path)
    if checksum != expected:
        raise ValueError(f"{path} has the sha256 {checksum}, not {expected}: another file than `weights` asks for")
    if Path(path).suffix == ".safetensors":
        return load_tensors(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"{path} holds more than tensors, and is not read ({reason}); save its state dict as safetensors"
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged, or not what `torch.save` writes; download it again") from error
    for key in ("state_dict", "model"):
        content = content[key] if isinstance(content, dict) and isinstance(content.get(key), dict) else content
    if not isinstance(content, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in content.values()):
        raise ValueError(f"{path} holds no state dict, of tensors by their names; save that of its network as safetensors")
    return content


def fit(model, weights, source="the file"):
    """Put released weights from `source` into a network; what it normalises images by may be left out.

    Raises ValueError if names or shapes differ, or a weight is not finite.
    """
    own = model.state_dict()
    weights = {**{name: own[name] for name in ("mean", "std") if name in own}, **weights}
    odd = {
        "has no": own.keys() - weights.keys(),
        "has, and the network has not,": weights.keys() - own.keys(),
        "has in another shape": {name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape},
    }
    for what, names in odd.items():
        if names:
            raise ValueError(
                f"{source} {what} {some(names)}; does its network have the `format` and the `network` of the configuration?"
            )
    if broken := {name for name, value in weights.items() if not value.isfinite().all()}:
        raise ValueError(f"{source} has numbers that are not finite in {some(broken)}; its training has failed, take another")
    model.load_state_dict(weights)
    return model


def some(names):
    """The first three of some names, and how many there are beyond."""
    return ", ".join(sorted(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
