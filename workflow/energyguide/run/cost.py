"""What an experiment costs before it is run: floating-point operations by rule, hours at measured rates, and disk.

Counted are the passes of the networks, on the networks themselves; what is small beside them is not: the choice of checkpoints,
the GANs of points and of stacked digits, trajectories, figures, and the start of each job.
"""

import math
import time
from collections import Counter, defaultdict
from inspect import Parameter, signature

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from energyguide.config.systems.ddgan import leaps
from energyguide.diffusion.guides import find_guidance
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.schedule import schedule_of
from energyguide.nets.ddgan import Adversaries, Discriminator
from energyguide.nets.device import accelerated
from energyguide.nets.weights import build
from energyguide.training.ddgan import LAZY, AdversarialObjective

INCEPTION = 11.4e9  # operations of Inception v3 for an image of 299x299 pixels: 5.7 billion multiply-adds (Szegedy et al. 2016)
KINDS = {"training": "training", "forward": "a forward pass", "gradient": "the gradient by the image"}
COLUMNS = ["rule", "jobs", "petaflop", "hours", "megabytes"]


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of products and convolutions, as torch's own counter does.

    That one cannot be used here: it follows the modules, and fails at a gradient by the image alone.
    """

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        count = flop_registry.get(function._overloadpacket)
        self.total += count(*args, **(kwargs or {}), out_val=result) if count else 0
        return result


def inputs(model, x):
    """What a network of the project takes beside images (batch, channel, height, width)."""
    needed = [p for p in signature(model.forward).parameters.values() if p.default is Parameter.empty]
    return (x, torch.zeros(len(x), dtype=torch.int64, device=x.device))[: len(needed)]


def training_step(model, x, fast):
    model.requires_grad_(True)
    fast(*inputs(model, x)).sum().backward()


def forward(model, x, fast):
    with torch.no_grad():
        fast(*inputs(model, x))


def image_gradient(model, x, fast):
    """The gradient by the image, without one by the parameters."""
    model.requires_grad_(False)
    x = x.clone().requires_grad_()
    torch.autograd.grad(fast(*inputs(model, x)).sum(), x)


PASSES = {"training": training_step, "forward": forward, "gradient": image_gradient}


class Passes:
    """Operations of one image in each kind of pass, and parameters, of the networks of an experiment."""

    def __init__(self, experiment):
        self.experiment, self.known = experiment, {}
        self.shape = tuple(experiment.data.shape)

    def build(self, name):
        return build(*self.experiment.networks[name].build).eval()

    def of(self, name, kind):
        if (name, kind) not in self.known:
            with torch.device("meta"), Operations() as counter:
                model = self.build(name)
                PASSES[kind](model, torch.rand(1, *self.shape), model)
            self.known[name, kind] = counter.total
        return self.known[name, kind]

    def parameters(self, name):
        with torch.device("meta"):
            return sum(p.numel() for p in self.build(name).parameters())


def training(experiment, passes):
    """Operations of the training of each network, by kind, which is the name of its rule, and kind of pass."""
    work = defaultdict(Counter)
    for name, network in experiment.networks.items():
        if name in experiment.weights:
            continue
        images = network.training.steps * network.training.batch
        if network.kind == "ddgan":
            work["ddgan"]["training"] += images * losses(experiment, passes, name)
            continue
        work[network.kind]["training"] += images * passes.of(name, "training")
        if network.attack_steps:
            work[network.kind]["gradient"] += images * network.attack_steps * passes.of(name, "gradient")
    return work


def losses(experiment, passes, name):
    """Operations of a training step of a denoising diffusion GAN, counted on the losses of one image."""
    gans, shape = experiment.ddgan, passes.shape[:2]
    model = Adversaries(passes.build(name), Discriminator(*shape, **gans.discriminator.dump()))
    schedule = schedule_of(experiment.process.dump(), leaps(gans.models[name].steps))
    objective = AdversarialObjective(model, schedule, gans.models[name].kind, gans.r1, torch.device("cpu"))
    plain, penalised = (of_losses(objective, passes.shape, r1) for r1 in (None, torch.ones(1)))
    return plain + (penalised - plain) / LAZY


def of_losses(objective, shape, r1):
    """Operations of both losses of an image, and of their gradients; with a penalty of this weight (1,), or None."""
    *parts, _ = objective.batch(torch.rand(1, *shape), None)
    with Operations() as counter:
        objective.loss(*parts, r1).backward()
    return counter.total


def images_drawn(experiment, variant):
    """How many samples a variant has, at all its scales."""
    return experiment.sampling.total * len(variant.scales)


def sampling(experiment, passes, variants):
    """Operations of the samples of some variants; a step at scale 0 is counted as any other."""
    work = Counter()
    for variant in variants:
        spec = variant.dump()
        guidance = find_guidance(spec, max(variant.scales), Models(classes=experiment.data.classes))
        of_model, of_classifier = guidance.evaluations
        steps = images_drawn(experiment, variant) * variant.steps
        work["forward"] += steps * of_model * passes.of(variant.model.partition("@")[0], "forward")
        if of_classifier:
            work["gradient"] += steps * of_classifier * passes.of(variant.guide, "gradient")
    return work


def bounds(experiment, name):
    """How many estimates of a bound are made of each image."""
    spec = experiment.likelihood
    continuous = 1 + len(spec.shapes) if experiment.networks[name].kind == "vdm" else 0
    return spec.draws * (len(spec.steps) + continuous)


def measuring(experiment, passes, images):
    """Operations of the measurements, by rule; those of the attack are the most there can be."""
    judge, eps = passes.of("judge", "forward"), list(experiment.classifiers.radii)
    features = INCEPTION if experiment.metrics.features == "inception" else judge
    each = features + judge + passes.of(experiment.metrics.classifier, "forward")
    grids, count = experiment.robustness, images["test"]
    measured = experiment.likelihood.measured(experiment) if experiment.likelihood else []
    attacked = sum(radius > 0 for radius in grids.eps_test) * grids.steps
    return {
        "metrics": {"forward": sum(images_drawn(experiment, variant) for variant in experiment.sampled.values()) * each},
        "reference": {"forward": (images["train"] + images["test"]) * features},
        "robustness": {"gradient": sum(count * attacked * passes.of(name, "gradient") for name in eps)},
        "corruptions": {"forward": sum(count * len(grids.noise + grids.darkness) * passes.of(name, "forward") for name in eps)},
        "energy": {"forward": sum(images["train"] * passes.of(name, "forward") for name in eps)},
        "likelihood": {"forward": sum(bounds(experiment, name) * count * passes.of(name, "forward") for name in measured)},
    }


def operations(experiment, images):
    """rule -> kind of pass -> operations."""
    passes = Passes(experiment)
    return {
        **training(experiment, passes),
        "sample": sampling(experiment, passes, experiment.sampled.values()),
        **measuring(experiment, passes, images),
    }


def disk(experiment, images):
    """Megabytes by rule of what stays: weights in float32, and images of 8 bits a channel."""
    passes, numbers = Passes(experiment), Counter()
    pixels = math.prod(passes.shape)
    for name, network in experiment.networks.items():
        model = experiment.diffusion.models.get(name)
        numbers[network.kind] += 4 * passes.parameters(name) * (1 + len(model.snapshots if model else ()))
    numbers["data"] = sum(images.values()) * pixels
    numbers["sample"] = sum(images_drawn(experiment, variant) for variant in experiment.sampled.values()) * pixels
    return {rule: number / 1e6 for rule, number in numbers.items()}


def rates(experiment, device, rounds=3):
    """Operations a second of each kind of pass on this machine, by the experiment's own networks."""
    passes, found = Passes(experiment), {}
    model = next(iter(experiment.diffusion.models))
    for kind, name, batch in (
        ("training", model, experiment.diffusion.training.batch),
        ("forward", model, experiment.sampling.batch),
        ("gradient", experiment.metrics.classifier, experiment.sampling.batch),
    ):
        batch = batch if device.type == "cuda" else min(batch, 16)
        network, x = passes.build(name).to(device), torch.rand(batch, *passes.shape, device=device)
        fast = accelerated(network, device, experiment.acceleration.dump())
        found[kind] = (
            batch * passes.of(name, kind) / min(seconds(lambda n=network, i=x, f=fast, k=kind: PASSES[k](n, i, f), rounds))
        )
    return found


def seconds(function, rounds):
    """How long each of some calls takes, after one that is not counted."""
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return times[1:]


def records(experiment, images, jobs, speed):
    """A dictionary of COLUMNS for each rule, in the order of `jobs`; None if nothing is counted.

    Args:
        images: split -> number of images.
        jobs: rule -> number of jobs.
        speed: operations a second by kind of pass, as `rates` finds them.
    """
    work, space = operations(experiment, images), disk(experiment, images)
    found = []
    for rule, count in jobs.items():
        passes = work.get(rule, {})
        hours = sum(number / speed[kind] for kind, number in passes.items()) / 3600
        petaflop = sum(passes.values()) / 1e15
        found.append(dict(zip(COLUMNS, [rule, count, petaflop or None, hours or None, space.get(rule)], strict=True)))
    return found


def as_text(found, speed):
    """A table with a line of totals, and the rates behind it."""
    totals = {"rule": "total", **{key: sum(record[key] or 0 for record in found) for key in COLUMNS[1:]}}
    forms = {"jobs": "d", "petaflop": ",.3g", "hours": ",.3g", "megabytes": ",.0f"}
    lines = [COLUMNS]
    for record in [*found, totals]:
        lines.append([record["rule"], *("" if record[key] is None else format(record[key], form) for key, form in forms.items())])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join([name.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip() for name, *others in lines]
    measured = ", ".join(f"{rate / 1e9:,.0f} in {KINDS[kind]}" for kind, rate in speed.items())
    return "\n".join([*text[:-1], "", text[-1], "", f"hours at the rates of this machine, in GFLOP/s: {measured}"])
