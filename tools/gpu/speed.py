"""Our speed next to that of others on the GPU: the contests of tools/bench, and what they are to reach."""

import copy
from dataclasses import replace

import contests
import torch
from compare import Contest, best_product, compare
from networks import FAST, images, resnet

from energyguide.classifiers.attacks import BALLS, pgd
from energyguide.nets.counting import Operations, counted
from energyguide.nets.device import accelerated
from energyguide.nets.unet import UNet

TARGETS = {"guided sampling": 3.0, "attack": 2.0, "training": 0.35}  # times a peer; share of the best product in bf16
REHEARSAL = {"width": 32, "multipliers": (1, 1), "blocks": 1, "attention": ()}


def limits(device):
    return {bf16: best_product(device, bf16, *([8192, 20] if device.type == "cuda" else [256, 2])) for bf16 in (False, True)}


def raced(contest, device, target, key="ratio", operations=None):
    """The row of a contest; on a GPU it has to reach its target.

    Operations inside of what is compiled cannot be counted while it runs: the share is of those counted beforehand.
    """
    best = limits(device)
    row = compare(replace(contest, counted=False), 5 if device.type == "cuda" else 1, best)
    if operations:
        row["share of the matrix product"] = round(operations / row["seconds"] / best[contest.bf16], 3)
        row["TFLOP/s of the matrix product"] = round(best[contest.bf16] / 1e12, 3)
    passed = device.type != "cuda" or row[key] >= target
    return {"passed": passed, "target": target, "row": row, "summary": f"{key} {row[key]}, target {target}"}


def sampling(device, options):
    """DDIM in 50 steps with a classifier's gradient, against diffusers, uncompiled in float32."""
    contests.SMALL |= REHEARSAL
    *_, contest = [each for each in contests.sampling(device) if each.work == "DDIM-50, classifier-guided"]
    return raced(contest, device, TARGETS["guided sampling"])


def attack(device, options):
    """PGD-20 on a ResNet of 18 layers, without an early stop, against torchattacks."""
    import torchattacks

    torch.manual_seed(0)
    network = resnet(device).to(device).eval().requires_grad_(False)
    fast, eps = accelerated(copy.deepcopy(network), device, FAST, fixed=True), 0.5
    x = images(device, 1024 if device.type == "cuda" else 4)
    with torch.no_grad():
        y = network(x).argmax(1)
    peer = torchattacks.PGDL2(network, eps=eps, alpha=2.5 * eps / 20, steps=20, random_start=False)

    def near(ours, theirs):
        with torch.no_grad():
            fooled = [(network(z).argmax(1) != y).float().mean() for z in (ours, theirs)]
        assert abs(fooled[0] - fooled[1]) <= 0.05, fooled

    ours = lambda: pgd(fast, x, y, BALLS["l2"](eps), 20)  # noqa: E731
    contest = Contest("PGD-20", "torchattacks", ours, lambda: peer(x, y), near, counted=False, bf16=True)
    return raced(contest, device, TARGETS["attack"])


def training(device, options):
    """Steps of a UNet's training: which share of the GPU's best product in bf16 it achieves."""
    contests.SMALL |= REHEARSAL
    *_, contest = contests.training(device)
    shape, images_seen = (contests.DDPM, 128 * 20) if device.type == "cuda" else (contests.SMALL, 8 * 3)
    each = counted(Operations(), lambda: UNet(3, 32, dropout=0.0, **shape), "training", 1, (3, 32, 32)).total
    return raced(contest, device, TARGETS["training"], "share of the matrix product", each * images_seen)
