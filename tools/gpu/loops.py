"""The loops on the device: every training takes finite steps, nothing waits, and memory is as it was counted."""

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
from networks import FAST, PLAIN, SPEC, images, resnet, sizes

from energyguide.classifiers.attacks import BALLS, pgd
from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets.counting import PASSES, Memory, counted
from energyguide.nets.ddgan import Adversaries, Discriminator, Generator
from energyguide.nets.device import accelerated
from energyguide.nets.time_classifier import TimeClassifier
from energyguide.nets.unet import UNet
from energyguide.nets.vdm import VDM
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.ddgan import AdversarialObjective
from energyguide.training.diffusion import DiffusionObjective
from energyguide.training.loop import Training
from energyguide.training.time_classifier import TimeClassifierObjective
from energyguide.training.vdm import VariationalObjective

BETWEEN = 1.5  # at most so many times what was counted may be held, and no less than the inverse


def objectives(device):
    """name -> the objective of each kind of training, as an experiment on this device has it."""
    more, size, _ = sizes(device)
    levels = {key: more[key] for key in ("width", "multipliers", "blocks")}
    schedule, attack = linear_schedule(), {"norm": "l2", "eps": 0.5, "steps": 2}
    gan = Adversaries(Generator(3, size, latent=16, **more), Discriminator(3, size, **levels))
    leaps = schedule[torch.tensor([249, 499, 749, 999])]
    return {
        "diffusion": DiffusionObjective(UNet(3, size, classes=10, **more), schedule, 0.1, PLAIN, device, FAST),
        "vdm": VariationalObjective(VDM(3, size, **more), None, PLAIN, device, FAST),
        "ddgan": AdversarialObjective(gan, leaps, "posterior", 0.05, device, PLAIN, FAST),
        "classifier": ClassifierObjective(resnet(device), 0.5, attack, PLAIN, None, device, FAST),
        "time classifier": TimeClassifierObjective(TimeClassifier(3, size, 10, **more), schedule, attack, PLAIN, device, FAST),
    }


def begun(objective, device, steps=10_000):
    """A training of this objective, on random images."""
    count = sizes(device)[2]
    spec = SPEC | {"steps": steps, "batch": count}
    x = images(device, 4 * count)
    objective.model.train()
    return Training(objective, spec, x, torch.arange(len(x), device=device) % 10, 0, "a training")


def trainings(device, options):
    """The mean loss of a few steps of each kind, in bf16 and compiled."""
    losses = {}
    for name, objective in objectives(device).items():
        torch.manual_seed(0)
        training = begun(objective, device)
        for _ in range(12):
            training.advance()
        losses[name] = training.total.item() / training.step
    return {"passed": all(map(torch.isfinite, torch.tensor([*losses.values()]))), "losses": losses}


@contextmanager
def without_waiting(device):
    """Inside, whatever waits for the GPU raises RuntimeError; without a GPU nothing does."""
    if device.type == "cuda":
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("default")


def waits(device, options):
    """Steps of each training, and of an attack that stops early, in which nothing may wait; after those that compile."""
    found = {}
    for name, objective in objectives(device).items():
        training = begun(objective, device)
        found[name] = waited(training.advance, device)
    classifier = accelerated(resnet(device).to(device).eval().requires_grad_(False), device, FAST, fixed=True)
    x = images(device)
    y = torch.zeros(len(x), dtype=torch.int64, device=device)
    found["attack"] = waited(lambda: pgd(classifier, x, y, BALLS["l2"](0.5), 3, stop_when_fooled=True), device)
    return {"passed": not any(found.values()), "waits": found}


def waited(step, device, warm=24, counted=8):
    """What waited in some steps, as torch says it; None if nothing did."""
    for _ in range(warm if device.type == "cuda" else 2):
        step()
    try:
        with without_waiting(device):
            for _ in range(counted):
                step()
    except RuntimeError as error:
        return str(error)[:500]
    return None


def memory(device, options):
    """Bytes of passes of the UNet in float32, as counted and as the allocator had them; on a CPU counted alone."""
    more, size, batch = sizes(device)
    found = {}
    for kind, run in PASSES.items():
        expected = counted(Memory(), lambda: UNet(3, size, **more), kind, batch, (3, size, size)).most
        found[kind] = {"counted": expected}
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            network = UNet(3, size, **more).to(device)
            run(network, images(device), network)
            found[kind]["allocated"] = torch.cuda.max_memory_allocated() - before
            del network
    ratios = [each["allocated"] / each["counted"] for each in found.values() if "allocated" in each]
    return {"passed": all(1 / BETWEEN < ratio < BETWEEN for ratio in ratios), "bytes": found}


def tiny(device, options):
    """The whole tiny experiment of the tests, by Snakemake, in a copy of the project: on a GPU where there is one."""
    import snakemake  # noqa: F401
    from project import TINY, copy

    with tempfile.TemporaryDirectory() as folder:
        wanted = ["table_robustness"] if options.cpu else ["parts"]
        command = [sys.executable, "-m", "snakemake", *wanted, *TINY, "--cores", "2"]
        run = subprocess.run(command, cwd=copy(Path(folder)), capture_output=True, text=True)
    return {"passed": run.returncode == 0, "asked for": wanted, "end": (run.stdout + run.stderr)[-600:]}
