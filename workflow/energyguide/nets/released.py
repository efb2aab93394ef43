"""Weights that others trained and released, under the names that our networks have.

A format is a function from a released state dict to ours, found by its name.
"""

import re

import torch

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
            renamed[name.removeprefix("normalizer.new_")] = value.reshape(1, -1, 1, 1)
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


def renamed(weights, form, source="the file"):
    """A state dict from `source` in the format `form`, under our names.

    Raises ValueError where its tensors cannot be what they are called.
    """
    try:
        return FORMATS[form](weights)
    except (RuntimeError, IndexError) as error:
        raise ValueError(f"{source} cannot be read as format {form!r} ({error}); correct `format`, or take another") from error


def fit(model, weights, source="the file"):
    """Put released weights from `source` into a network; what it normalises images by may be left out.

    Raises ValueError if names, shapes or types differ, or a weight cannot be one.
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
    for what, wrong in IMPOSSIBLE.items():
        if names := {name for name, value in weights.items() if wrong(name, value, own[name].dtype)}:
            raise ValueError(f"{source} has {what} in {some(names)}; its training or its conversion has failed, take another")
    model.load_state_dict(weights)
    return model


IMPOSSIBLE = {  # what no network has: a function of a tensor's name, the tensor, and the type of ours
    "whole numbers": lambda name, value, own: own.is_floating_point and not value.is_floating_point(),
    "fractions": lambda name, value, own: not own.is_floating_point and value.is_floating_point(),
    "numbers that are not finite": lambda name, value, own: not value.isfinite().all(),
    "numbers beyond the range of float32": lambda name, value, own: not value.to(own).isfinite().all(),
    "variances below 0": lambda name, value, own: name.endswith("running_var") and (value < 0).any(),
    "deviations that are not above 0": lambda name, value, own: name == "std" and not (value > 0).all(),
}


def some(names):
    """The first three of some names, and how many there are beyond."""
    return ", ".join(sorted(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
