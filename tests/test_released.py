"""Released weights give, in our networks, what their own networks give."""

import os
import re
from types import SimpleNamespace

import pytest
import torch
from diffusers import UNet2DModel
from project import resolved
from safetensors.torch import save_file
from torchvision.models import resnet as peer

from energyguide.files.atomic import sha256
from energyguide.nets.checkpoint import read
from energyguide.nets.released import diffusers, fit, plain, renamed, robustness
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.unet import UNet
from energyguide.nets.vgg import Vgg

OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def unets(classes=0):
    """DDPM's network for CIFAR-10 in diffusers and here, with half its levels and on smaller images."""
    torch.manual_seed(0)
    theirs = UNet2DModel(
        sample_size=8,
        layers_per_block=2,
        block_out_channels=(128, 256),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        downsample_padding=0,
        flip_sin_to_cos=False,
        freq_shift=1,
        norm_eps=1e-6,
        attention_head_dim=None,
        num_class_embeds=classes or None,
    )
    ours = UNet(3, 8, classes=max(classes - 1, 0), width=128, multipliers=(1, 2), blocks=2, attention=(4,), dropout=0.0)
    return theirs.eval(), ours.eval()


@pytest.mark.parametrize("classes", [0, 4])
def test_unet_of_diffusers(classes, tmp_path):
    theirs, ours = unets(classes)
    theirs.save_pretrained(tmp_path)
    (file,) = tmp_path.glob("*.safetensors")
    fit(ours, diffusers(read(file, sha256(file))))
    x, t = torch.randn(3, 3, 8, 8), torch.tensor([0, 500, 999])
    y = torch.tensor([0, 2, 3]) if classes else None
    with torch.no_grad():
        torch.testing.assert_close(ours(x, t, y), theirs(x, t, class_labels=y).sample, rtol=1e-4, atol=1e-5)


def test_unet_of_diffusers_under_its_old_names():
    theirs, ours = unets()
    old = {}
    for name, value in theirs.state_dict().items():
        for new, before in OLD.items():
            name = name.replace(f".{new}.", f".{before}.")
        old[name] = value
    assert any("proj_attn" in name for name in old)
    fit(ours, diffusers(old))
    for name, value in diffusers(theirs.state_dict()).items():
        assert torch.equal(ours.state_dict()[name], value)


@pytest.fixture(params=[(peer.BasicBlock, (1, 2, 1, 1)), (peer.Bottleneck, (1, 1, 2, 1))], ids=["basic", "bottleneck"])
def resnets(request):
    """Torchvision's ResNet with a stem for small images, and ours."""
    torch.manual_seed(0)
    block, layers = request.param
    theirs = peer.ResNet(block, list(layers), num_classes=7)
    theirs.conv1, theirs.maxpool = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False), torch.nn.Identity()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(), module.running_var.uniform_(0.5, 2)
    return theirs.eval(), CifarResNet(3, 7, block.__name__.lower().removesuffix("block"), layers).eval()


@torch.no_grad()
def test_resnet_of_robustness(resnets, tmp_path):
    """A checkpoint as that library writes it: under `model` the network twice, inside the attacker too, and its normaliser."""
    theirs, ours = resnets
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1), torch.tensor([0.2023, 0.1994, 0.2010]).view(3, 1, 1)
    network = {
        name.replace(".downsample.", ".shortcut.").replace("fc.", "linear."): value for name, value in theirs.state_dict().items()
    }
    saved = {"normalizer.new_mean": mean, "normalizer.new_std": std, **{f"model.{k}": v for k, v in network.items()}}
    saved |= {"attacker.normalize.new_mean": mean, "attacker.normalize.new_std": std}
    saved |= {f"attacker.model.{k}": v for k, v in network.items()}
    path = tmp_path / "cifar.pt"
    torch.save({"model": {f"module.{k}": v for k, v in saved.items()}, "optimizer": {"state": {}}, "epoch": 150}, path)
    fit(ours, robustness(read(path, sha256(path))))
    x = torch.rand(4, 3, 16, 16)
    torch.testing.assert_close(ours(x), theirs((x - mean) / std), rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_resnet_of_torchvision(resnets, tmp_path, suffix):
    theirs, ours = resnets
    path = tmp_path / f"net.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(theirs.state_dict(), path)
    normalisation = {"mean": torch.full((1, 3, 1, 1), 0.4), "std": torch.full((1, 3, 1, 1), 0.2)}
    fit(ours, {**plain(read(path, sha256(path))), **normalisation})
    x = torch.rand(4, 3, 16, 16)
    torch.testing.assert_close(ours(x), theirs((x - 0.4) / 0.2), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_evaluation_classifier_of_an_earlier_run(tmp_path):
    """Under our own names; what it normalises by is not in the file."""
    theirs, ours = (Vgg(3, 7, (1, 2), width=4).eval() for _ in range(2))
    path = tmp_path / "judge.safetensors"
    save_file({name: value for name, value in theirs.state_dict().items() if name not in ("mean", "std")}, path)
    fit(ours, plain(read(path, sha256(path))))
    x = torch.rand(4, 3, 8, 8)
    assert torch.equal(ours(x), theirs(x))
    release = {"file": str(path), "sha256": sha256(path), "format": "plain", "mean": [0.4], "std": [0.2]}
    assert resolved(weights={"judge": release}).weights["judge"].format == "plain"


class Intruder:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_code_in_a_file_is_not_run(tmp_path):
    path, mark = tmp_path / "net.pt", str(tmp_path / "mark")
    torch.save({"state_dict": {"fc.weight": torch.zeros(2)}, "schedule": Intruder(mark)}, path)
    with pytest.raises(ValueError, match=r"net.pt holds more than tensors \(posix.mkdir\), .*as safetensors") as refused:
        read(path, sha256(path))
    assert not os.path.exists(mark) and "\n" not in str(refused.value)
    assert "weights_only" not in str(refused.value) and "trust" not in str(refused.value)
    torch.load(path, weights_only=False)
    assert os.path.exists(mark)


def test_missing_and_other_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.pt is missing"):
        read(tmp_path / "none.pt", "0" * 64)
    path = tmp_path / "net.pt"
    path.write_bytes(b"not what was expected")
    with pytest.raises(ValueError, match=f"net.pt has the sha256 .*, not {'0' * 64}"):
        read(path, "0" * 64)
    with pytest.raises(ValueError, match="net.pt"):
        read(path, sha256(path))


@pytest.mark.parametrize(
    "change, named",
    [
        (lambda w: w.pop("fc.bias"), "the file has no fc.bias;"),
        (lambda w: w.update(extra=torch.zeros(1)), "the file has, and the network has not, extra;"),
        (lambda w: w.update({"conv1.weight": torch.zeros(4, 3, 7, 7)}), "the file has in another shape conv1.weight;"),
        (lambda w: [w.pop(k) for k in list(w) if k.startswith("layer1")], "the file has no layer1.*, layer1.* and [0-9]+ more;"),
    ],
)
def test_weights_of_another_network_are_named(change, named):
    network = CifarResNet(3, 2, "basic", (1, 1), width=4)
    weights = dict(network.state_dict())
    change(weights)
    with pytest.raises(ValueError, match=named):
        fit(network, weights)


def saved(path, content):
    torch.save(content, path)


def refusal(path, expected=None):
    """The line by which a file is refused, which names it and gives a remedy, and no advice to switch off what protects."""
    with pytest.raises(ValueError) as refused:
        read(path, expected or sha256(path))
    line = str(refused.value)
    assert line.startswith(str(path)) and "; " in line and "\n" not in line and "weights_only" not in line
    return line


ODD = {
    "complex64": torch.zeros(3, dtype=torch.complex64),
    "bool": torch.zeros(3, dtype=torch.bool),
    "uint8": torch.zeros(3, dtype=torch.uint8),
    "float8_e4m3fn": torch.zeros(3).to(torch.float8_e4m3fn),
    "sparse": torch.eye(3).to_sparse(),
    "sparse or": torch.eye(3).to_sparse_csr(),
    "meta": torch.empty(3, device="meta"),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_tensors_are_named(tmp_path, kind):
    path = tmp_path / "net.pt"
    saved(path, {"state_dict": {"conv1.weight": torch.zeros(2), "fc.weight": ODD[kind]}})
    assert re.search(f"net.pt: fc.weight is .*{kind}.*; convert it, or take another", refusal(path))


def test_quantised_and_nested_tensors_are_named(tmp_path):
    path = tmp_path / "net.pt"
    saved(path, {"fc.weight": torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8)})
    assert "fc.weight is quantised (qint8)" in refusal(path)
    saved(path, {"fc.weight": torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])})
    assert "fc.weight is sparse or nested" in refusal(path)


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page, not weights; download the file itself"),
        (b"\n <HTML>", "is a web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n",
            "is a pointer of Git LFS, not weights; run `git",
        ),
    ],
)
def test_what_was_saved_in_place_of_weights_is_named(tmp_path, suffix, content, said):
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(content)
    assert said in refusal(path) and said in refusal(path, "0" * 64)


def test_other_files_are_no_weights(tmp_path):
    path = tmp_path / "net.pt"
    for content in (b"Entry not found", os.urandom(500).replace(b"\x80", b"x"), b"PK\x03\x04", b""):
        path.write_bytes(content)
        assert "not what `torch.save` writes; download it again" in refusal(path)
    torch.jit.script(torch.nn.Linear(2, 2)).save(path)
    assert "holds more than tensors (a TorchScript program), and is not read" in refusal(path)
    saved(path, {"state_dict": {}, "args": SimpleNamespace(a=1)})
    assert "holds more than tensors (types.SimpleNamespace)" in refusal(path)
    saved(path, {1: torch.zeros(2)})
    assert "holds no state dict" in refusal(path)
    saved(path, {"a": torch.zeros(2), "epoch": 3})
    assert "holds no state dict: epoch is no tensor" in refusal(path)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("fc.weight", torch.ones(2, 8, dtype=torch.int64), "has whole numbers in fc.weight; its training or its conversion"),
        ("bn1.num_batches_tracked", torch.tensor(0.5), "has fractions in bn1.num_batches_tracked"),
        ("fc.weight", torch.full((2, 8), 1e300, dtype=torch.float64), "has numbers beyond the range of float32 in fc.weight"),
        ("fc.bias", torch.full((2,), torch.nan), "has numbers that are not finite in fc.bias"),
        ("bn1.running_var", torch.tensor([1.0, -1e-3, 1, 1]), "has variances below 0 in bn1.running_var"),
        ("std", torch.zeros(1, 3, 1, 1), "has deviations that are not above 0 in std"),
    ],
)
def test_weights_that_no_network_has_are_named(name, value, named):
    network = CifarResNet(3, 2, "basic", (1, 1), width=4)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(ValueError, match=f"net.pt {re.escape(named)}"):
        fit(network, before | {name: value}, "net.pt")
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_ordinary_floats_of_other_widths_are_taken(tmp_path, dtype):
    network, path = CifarResNet(3, 2, "basic", (1, 1), width=4), tmp_path / "net.pt"
    state = {name: value.to(dtype) if value.is_floating_point() else value for name, value in network.state_dict().items()}
    saved(path, state)
    again = fit(CifarResNet(3, 2, "basic", (1, 1), width=4), plain(read(path, sha256(path)))).state_dict()
    assert all(torch.equal(again[name], value.to(again[name].dtype)) for name, value in state.items())


def test_tensors_that_are_not_what_they_are_called_are_named():
    block = "down_blocks.0.attentions.0"
    weights = {f"{block}.to_{part}.weight": torch.zeros(4, size) for part, size in (("q", 4), ("k", 5), ("v", 4))}
    with pytest.raises(ValueError, match="net.pt cannot be read as format 'diffusers' .*; correct `format`, or take another"):
        renamed(weights, "diffusers", "net.pt")
