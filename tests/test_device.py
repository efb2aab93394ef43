import pytest
import torch

from energyguide.classifiers.robustness import accuracy
from energyguide.diffusion.guides import load_models
from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets import device
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.unet import UNet
from energyguide.nets.weights import save
from energyguide.training.diffusion import DiffusionObjective

CPU = torch.device("cpu")
BF16, BOTH = {"bf16": True, "compiled": False}, {"bf16": True, "compiled": True}
needs_bf16 = pytest.mark.skipif(not device.has_bf16(CPU), reason="this CPU has no bf16 arithmetic (avx512_bf16 or amx_bf16)")


def unet():
    torch.manual_seed(0)
    network = UNet(3, 16, width=16, multipliers=(1, 2), blocks=1, attention=(8,), dropout=0)
    torch.nn.init.normal_(network.head[-1].weight, std=0.1)
    return network.eval()


def error(a, b):
    return ((a - b).norm() / b.norm()).item()


@needs_bf16
def test_bf16_is_used_where_it_is_asked_for_and_is_close():
    network, x, t = unet(), torch.randn(4, 3, 16, 16), torch.arange(4) * 200
    with torch.no_grad():
        exact, fast = network(x, t), device.accelerated(unet(), CPU, BF16)(x, t)
    assert fast.dtype == torch.float32 and 1e-4 < error(fast, exact) < 0.02
    assert all(p.dtype == torch.float32 for p in network.parameters())


@needs_bf16
def test_guidance_and_training_have_nearly_the_gradients_of_float32(tmp_path):
    torch.manual_seed(0)
    arguments = {"channels": 3, "classes": 4, "block": "basic", "layers": (1, 1), "width": 16}
    save(tmp_path / "c.safetensors", CifarResNet(**arguments).state_dict(), "resnet.CifarResNet", arguments)
    x = torch.randn(4, 3, 16, 16).requires_grad_()
    found = []
    for acceleration in (None, BOTH):
        logits = load_models({"classifier": tmp_path / "c.safetensors"}, 4, CPU, acceleration).logits(x, 0)
        found.append(torch.autograd.grad(logits.logsumexp(1).sum(), x)[0])
        objective = DiffusionObjective(unet(), linear_schedule(), 1.0, {"crop": 0, "flip": False, "jitter": 0}, CPU, acceleration)
        torch.manual_seed(1)
        objective.loss(*objective.batch(torch.rand(8, 3, 16, 16), torch.zeros(8, dtype=torch.int64))).backward()
        found.append(objective.model.encoder.stem.weight.grad)
    for exact, fast in zip(found[:2], found[2:], strict=True):
        assert fast.dtype == torch.float32 and 1e-4 < error(fast, exact) < 0.15


def test_without_the_hardware_it_is_float32(monkeypatch):
    monkeypatch.setattr(device, "has_bf16", lambda where: False)
    network, x, t = unet(), torch.randn(2, 3, 16, 16), torch.arange(2)
    expected = network(x, t)
    torch.testing.assert_close(device.accelerated(network, CPU, BOTH)(x, t), expected)
    assert device.accelerated(network, CPU) is network  # where nothing is asked for, nothing is changed


@needs_bf16
def test_gradients_in_bf16_attack_as_well():
    """Accuracy under attack is that of the float32 network, whichever gradients found the images."""
    from energyguide.classifiers.attacks import L2

    torch.manual_seed(0)
    model, x = CifarResNet(1, 4, "basic", (1, 1), 16).eval(), torch.rand(200, 1, 16, 16)
    with torch.no_grad():
        model.fc.bias -= model(x).mean(0)
        y = model(x).argmax(1)
    attacker = device.accelerated(model, CPU, BF16)
    for eps in (0.02, 0.05):
        exact, fast = (accuracy(model, x, y, L2(eps), 5, attacker=network) for network in (None, attacker))
        assert 0.05 < exact < 0.95 and abs(fast - exact) < 0.03
