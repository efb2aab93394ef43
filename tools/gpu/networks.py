"""The networks that are checked, and their inputs: of the paper's size on a GPU, tiny in a rehearsal."""

import torch

from energyguide.nets.ddgan import Generator
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.time_classifier import TimeClassifier
from energyguide.nets.unet import UNet
from energyguide.nets.vdm import VDM

FULL = {"width": 128, "multipliers": (1, 2, 2, 2), "blocks": 2, "attention": (16,), "dropout": 0.0}
TINY = {"width": 8, "multipliers": (1,), "blocks": 1, "attention": (), "dropout": 0.0}
SPEC = {  # of a training
    "optimizer": "adamw",
    "lr": 2e-4,
    "lr_end": 2e-4,
    "lr_schedule": "constant",
    "warmup": 0,
    "weight_decay": 0,
    "clip": 1.0,
    "ema_images": 10_000,
    "score_every": 0,
    "milestones": [],
}
PLAIN = {"crop": 4, "flip": True, "jitter": 0.25}
FAST = {"bf16": True, "compiled": True}


def sizes(device):
    """Keyword arguments of UNets, size of images, and of a batch."""
    return (FULL, 32, 64) if device.type == "cuda" else (TINY, 8, 4)


def resnet(device):
    layers, width = ((2, 2, 2, 2), 64) if device.type == "cuda" else ((1, 1), 8)
    return CifarResNet(3, 10, "basic", layers, width)


def images(device, count=None):
    _, size, batch = sizes(device)
    return torch.rand(count or batch, 3, size, size, device=device)


def networks(device):
    """name -> a network in evaluation mode with no layer at zero, and its further inputs for a batch (batch,)."""
    more, size, _ = sizes(device)

    def times(n):
        return torch.arange(n, device=device) * 3

    made = {
        "unet": (UNet(3, size, classes=10, **more), lambda n: (times(n), times(n) % 10)),
        "vdm": (VDM(3, size, **more), lambda n: (times(n).float(),)),
        "generator": (Generator(3, size, latent=16, **more), lambda n: (times(n), torch.ones(n, 16, device=device))),
        "time classifier": (TimeClassifier(3, size, 10, **more), lambda n: (times(n),)),
        "resnet": (resnet(device), lambda n: ()),
    }
    for network, _ in made.values():
        for weight in network.parameters():
            if not weight.any():
                torch.nn.init.normal_(weight, std=0.02)
        network.to(device).eval().requires_grad_(False)
    return made
