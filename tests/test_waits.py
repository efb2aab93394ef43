"""Nothing in the hot loops waits for a GPU, and nothing random is drawn outside of it; the meta device stands for the GPU."""

import sys
from functools import partial

import pytest
import torch
from waits import GPU, Waits

from energyguide.classifiers.apgd import checkpoints
from energyguide.classifiers.attacks import BALLS, Attack, masked, pgd, shrinking
from energyguide.classifiers.autoattack import Attacked, apgd_ce, apgd_t, fab_t, square_attack
from energyguide.data.noise import normal
from energyguide.diffusion.denoisers.ddgan import generate
from energyguide.diffusion.denoisers.diffusion import with_process
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.samplers import final_samples
from energyguide.diffusion.sampling import Request, walk
from energyguide.diffusion.schedule import linear_schedule, schedule_of
from energyguide.nets import resnet, time_classifier
from energyguide.nets.ddgan import Adversaries, Discriminator, Generator
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.time_classifier import TimeClassifier
from energyguide.nets.unet import UNet
from energyguide.nets.vdm import VDM
from energyguide.training import ddgan
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.ddgan import AdversarialObjective
from energyguide.training.diffusion import DiffusionObjective
from energyguide.training.loop import train
from energyguide.training.time_classifier import TimeClassifierObjective
from energyguide.training.vdm import VariationalObjective

SMALL = {"width": 8, "multipliers": (1,), "blocks": 1, "attention": (8,)}
AUGMENT = {"crop": 1, "flip": True, "jitter": 0.2}
LEAPS = schedule_of({}, {"steps": 4, "spacing": "trailing"})
TRAINING = {
    "batch": 16,
    "optimizer": "adamw",
    "lr": 1e-3,
    "lr_end": 1e-4,
    "lr_schedule": "cosine",
    "warmup": 3,
    "weight_decay": 0.01,
    "clip": 1.0,
    "ema_images": 200,
    "score_every": 0,
    "milestones": [],
}


def on_gpu(network):
    with GPU:
        return network()


def diffusion():
    return DiffusionObjective(on_gpu(lambda: UNet(1, 8, classes=10, **SMALL)), linear_schedule(), 0.1, AUGMENT, GPU)


def vdm(steps):
    return VariationalObjective(on_gpu(lambda: VDM(1, 8, **SMALL)), steps, AUGMENT, GPU)


def gan(kind):
    generator = on_gpu(lambda: Generator(1, 8, latent=4, **SMALL))
    model = Adversaries(generator, on_gpu(lambda: Discriminator(1, 8, width=8, multipliers=(1,))))
    return AdversarialObjective(model, LEAPS, kind, 0.05, GPU, AUGMENT)


def classifier(norm, early):
    attack = {"norm": norm, "steps": 2, "stop_when_fooled": early}
    return ClassifierObjective(on_gpu(lambda: CifarResNet(1, 10, "basic", (1, 1), 8)), 0.5, attack, AUGMENT, None, GPU)


def of_time():
    model, attack = on_gpu(lambda: TimeClassifier(1, 8, 10, **SMALL)), {"norm": "l2", "eps": 0.5, "steps": 2}
    return TimeClassifierObjective(model, linear_schedule(), attack, AUGMENT, GPU)


OBJECTIVES = {
    "diffusion": diffusion,
    "vdm": partial(vdm, None),
    "discrete vdm": partial(vdm, 10),
    "ddgan": partial(gan, "posterior"),
    "one-shot": partial(gan, "one-shot"),
    "robust classifier": partial(classifier, "l2", False),
    "early classifier": partial(classifier, "linf", True),
    "time classifier": of_time,
}


@pytest.fixture(autouse=True)
def fused(monkeypatch):
    """The optimisers' fused updates, which a GPU has."""
    for module in (sys.modules["torch.optim.optimizer"], torch.utils._foreach_utils):
        known = module._get_fused_kernels_supported_devices()
        monkeypatch.setattr(module, "_get_fused_kernels_supported_devices", lambda known=known: [*known, "meta"])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_training_waits_for_the_gpu_once_a_point_of_its_loss_curve(name, monkeypatch):
    """That is once in a hundred steps of a training of 10,000; and its batches' order is all that is drawn on the host."""
    monkeypatch.setattr(ddgan, "penalised", lambda steps=iter(range(99)): next(steps) % 2 == 1)
    monkeypatch.setattr("energyguide.training.loop.RECORDS", 1)
    monkeypatch.setattr("energyguide.training.loop.LOOK", float("inf"))  # on a slow machine as well
    objective = OBJECTIVES[name]()
    spec = TRAINING | {"steps": 2, "optimizer": "sgd" if "classifier" in name else "adamw"}
    images, labels = torch.rand(100, 1, 8, 8, device=GPU), torch.zeros(100, dtype=torch.int64, device=GPU)
    monkeypatch.setattr("energyguide.training.loop.whole", lambda weights, *_: weights)
    with Waits() as waits:
        train(objective, spec, images, labels, 0)
    assert waits.counts == {"item": 1}, "a wait in a step"
    assert waits.on_host.keys() <= {"randperm"}


GUIDED = [
    ("classifier", "sigma", "ddpm", "images"),
    ("classifier", "eps", "ddim", "time"),
    ("joint", "sigmoid", "ddpm", "images"),
    ("free_and_energy", "sigmoid", "ddim", "images"),
]


@pytest.mark.parametrize("guidance, unit, sampler, kind", GUIDED)
def test_no_step_of_sampling_waits(guidance, unit, sampler, kind):
    network, energies = on_gpu(lambda: (UNet(1, 8, classes=10, **SMALL).eval(), torch.zeros(10)))
    build = {"images": lambda: CifarResNet(1, 10, "basic", (1,), 8), "time": lambda: TimeClassifier(1, 8, 10, **SMALL)}[kind]
    guide = {"images": resnet, "time": time_classifier}[kind].at_time(on_gpu(build).eval().requires_grad_(False))
    spec = {"guidance": guidance, "unit": unit, "sampler": sampler, "at": "x_t", "lambda": 0.5, "w": 0.1, "steps": 3, "eta": 1}
    spec |= {"spacing": "uniform", "variance": "small", "clip": True, "sigmoid": {"y0": 0.1, "k": 0.01, "t0": 500}}
    spec, models = spec | {"target": "E(x)"}, Models(guide, {"E(x)": energies}, 10)
    with torch.no_grad(), Waits() as waits:
        states = walk(with_process(network, {}), Request(range(6), (1, 8, 8), 10, 0, GPU), spec, 1.5, models)
        at_first = waits.counts.copy()
        final_samples(states)
    assert waits.counts == at_first == {"copy": 1}  # of the samples' numbers, before the first step
    assert not waits.on_host


def test_no_step_of_a_gan_waits():
    network = on_gpu(lambda: Generator(1, 8, latent=4, **SMALL).eval())
    with Waits() as waits:
        generate(network, 4, LEAPS, torch.arange(6, device=GPU), (1, 8, 8), 0)
    assert not waits.counts and not waits.on_host


STRONG = {"steps": 20, "queries": 250}
RUNS = [
    (apgd_ce, {"nonzero": len(checkpoints(20)) - 1}),  # none is counted after the last step
    (partial(apgd_t, rank=1), {"nonzero": len(checkpoints(20)) - 1}),
    (partial(fab_t, rank=1), {}),
    (square_attack, {"nonzero": 2}),
]


@pytest.mark.parametrize("norm", BALLS)
@pytest.mark.parametrize("early", [False, True])
def test_no_step_of_an_attack_waits(norm, early):
    model, twin = (on_gpu(lambda: CifarResNet(1, 10, "basic", (1,), 8)).eval().requires_grad_(False) for _ in range(2))
    x, y = torch.rand(6, 1, 8, 8, device=GPU), torch.zeros(6, dtype=torch.int64, device=GPU)
    with Waits() as waits:
        pgd(model, x, y, BALLS[norm](0.5), 3, stop_when_fooled=early, exact=twin)
    assert not waits.counts


@pytest.mark.parametrize("norm", BALLS)
@pytest.mark.parametrize("run, waits_of", RUNS)
def test_stronger_attacks_wait_where_they_count_the_images_left(norm, run, waits_of):
    model = on_gpu(lambda: CifarResNet(1, 10, "basic", (1,), 8)).eval().requires_grad_(False)
    x, y = torch.rand(6, 1, 8, 8, device=GPU), torch.zeros(6, dtype=torch.int64, device=GPU)
    with Waits() as waits:
        run(Attacked(model, x, y, torch.arange(6, device=GPU), BALLS[norm](0.5), 0), STRONG)
    assert waits.counts == waits_of and not waits.on_host


def test_smaller_batches_would_wait_at_each_step():
    """What the choice of a GPU's way of stopping early avoids; and that waits are seen."""
    model = on_gpu(lambda: CifarResNet(1, 10, "basic", (1,), 8)).eval().requires_grad_(False)
    x, y = torch.rand(6, 1, 8, 8, device=GPU), torch.zeros(6, dtype=torch.int64, device=GPU)
    attack = Attack(model, x, y, BALLS["l2"](0.5), size=0.1, targeted=False, valid=None, context=(), exact=None)
    with Waits() as waits:
        shrinking(attack, x.clone(), 3)
    assert waits.counts == {"nonzero": 3}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("targeted", [False, True])
def test_both_ways_to_stop_early_give_the_same(exact, targeted):
    """On a CPU, where there are values: images are fooled one after another, and the approximation claims some too early."""
    torch.manual_seed(0)
    model = CifarResNet(1, 4, "basic", (1,), 8).eval().requires_grad_(False)
    x, biased = torch.rand(40, 1, 8, 8), torch.tensor([0.1, -0.1, 0.2, 0.0])
    model.fc.bias -= model(x).mean(0)
    y = torch.arange(40) % 4 if targeted else model(x).argmax(1)

    def coarse(z):
        return model(z) + biased

    how = {"size": 0.1, "targeted": targeted, "valid": (0.0, 1.0), "context": (), "exact": model if exact else None}
    attack = Attack(coarse if exact else model, x, y, BALLS["l2"](2.0), **how)
    few, whole = (way(attack, x.clone(), 6) for way in (shrinking, masked))
    torch.testing.assert_close(few, whole, rtol=0, atol=1e-5)
    moved = (few != x).flatten(1).any(1)
    assert moved.any() and not torch.equal(few, pgd(attack.model, x, y, attack.ball, 6, targeted=targeted))


@pytest.mark.parametrize(
    "waiting, kind",
    [
        (lambda x: x.sum().item(), "item"),
        (lambda x: bool(x.sum() > 0), "item"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: torch.where(x > 0), "nonzero"),
        (lambda x: x[x > 0], "mask"),
        (lambda x: x.cpu(), "copy"),
        (lambda x: torch.ones(2).to(x.device), "copy"),
        (lambda x: x.new_tensor([1.0]), "copy"),
        (lambda x: torch.tensor([1.0], device=x.device), "copy"),
    ],
)
def test_waits_are_counted(waiting, kind):
    x = torch.ones(3, device=GPU)
    with Waits() as waits:
        waiting(x)
    assert waits.counts == {kind: 1}


def test_noise_is_drawn_where_the_samples_are():
    with Waits() as waits:
        assert normal(0, torch.arange(4, device=GPU), 0, (3,)).device == GPU
    assert not waits.counts and not waits.on_host
