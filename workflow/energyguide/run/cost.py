"""What an experiment costs before it is run: floating-point operations by rule, hours at measured rates, and disk.

Counted are the passes of the networks, on the networks themselves; what is small beside them is not: the choice of checkpoints,
the GANs of points and of stacked digits, trajectories, figures, and the start of each job.
"""

import time
from collections import Counter
from inspect import Parameter, signature

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from energyguide.config import derive
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
        data = experiment["data"]
        self.shape = data["channels"], data["size"], data["size"]

    def build(self, name):
        return build(*derive.network(self.experiment, name)).eval()

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


def images_drawn(experiment, spec):
    """How many samples a variant has, at all its scales."""
    return experiment["sampling"]["seeds"] * experiment["sampling"]["samples"] * len(spec["scales"])


def training(experiment, passes):
    """Operations of the training of each network, by rule and kind of pass."""
    work = {rule: Counter() for rule in ("diffusion", "variational", "classifier", "time_classifier")}
    inner = experiment["classifiers"]["attack"]["steps"]
    networks = dict.fromkeys(experiment["diffusion"]["models"], ("diffusion", "diffusion", 0))
    networks |= dict.fromkeys(experiment["variational"]["models"], ("variational", "diffusion", 0))
    radii = {**derive.classifiers(experiment), "judge": 0}
    networks |= {name: ("classifier", "classifiers", inner if eps else 0) for name, eps in radii.items()}
    times = derive.time_classifiers(experiment)
    networks |= {name: ("time_classifier", "time_classifiers", attack["steps"]) for name, attack in times.items()}
    work["adversarial"] = adversarial(experiment, passes)
    for name, (rule, block, steps) in networks.items():
        if name not in experiment["weights"]:
            images = experiment[block]["training"]["steps"] * experiment[block]["training"]["batch"]
            work[rule]["training"] += images * passes.of(name, "training")
            work[rule]["gradient"] += images * steps * passes.of(name, "gradient") if steps else 0
    return work


def adversarial(experiment, passes):
    """Operations of the trainings of denoising diffusion GANs, each counted on the losses of one image."""
    gans, shape, work = experiment["adversarial"], passes.shape[:2], Counter()
    for name, spec in gans["models"].items():
        if name not in experiment["weights"]:
            model = Adversaries(passes.build(name), Discriminator(*shape, **gans["discriminator"]))
            schedule = schedule_of(experiment["process"], derive.leaps(spec["steps"]))
            objective = AdversarialObjective(model, schedule, spec["kind"], gans["r1"], torch.device("cpu"))
            plain, penalised = (of_losses(objective, passes.shape, r1) for r1 in (0.0, 1.0))
            each = plain + (penalised - plain) / LAZY
            work["training"] += gans["training"]["steps"] * gans["training"]["batch"] * each
    return work


def of_losses(objective, shape, r1):
    """Operations of both losses of an image, and of their gradients, with this weight of the penalty."""
    *parts, _ = objective.batch(torch.rand(1, *shape), None)
    with Operations() as counter:
        objective.loss(*parts, torch.tensor([r1])).backward()
    return counter.total


def sampling(experiment, passes, variants):
    """Operations of the samples of all variants; a step at scale 0 is counted as any other."""
    work = Counter()
    for spec in variants.values():
        guidance = find_guidance(spec, max(spec["scales"]), Models(classes=experiment["data"]["classes"]))
        of_model, of_classifier = guidance.evaluations
        steps = images_drawn(experiment, spec) * spec["steps"]
        work["forward"] += steps * of_model * passes.of(spec["model"].partition("@")[0], "forward")
        if of_classifier:
            work["gradient"] += steps * of_classifier * passes.of(spec["classifier"], "gradient")
    return work


def bounds(experiment, name):
    """How many estimates of a bound are made of each image."""
    spec = experiment["likelihood"]
    continuous = 1 + len(spec["shapes"]) if name in experiment["variational"]["models"] else 0
    return spec["draws"] * (len(spec["steps"]) + continuous)


def measuring(experiment, passes, variants, images):
    """Operations of the measurements, by rule; those of the attack are the most there can be."""
    inception = experiment["metrics"]["features"] == "inception"
    judge, eps = passes.of("judge", "forward"), list(derive.classifiers(experiment))
    features = INCEPTION if inception else judge
    each = features + judge + passes.of(experiment["energy"]["classifier"], "forward")
    grids, count = experiment["robustness"], images["test"]
    measured = experiment["likelihood"]["models"]
    attacked = sum(radius > 0 for radius in grids["eps_test"]) * grids["steps"]
    return {
        "metrics": {"forward": sum(images_drawn(experiment, spec) for spec in variants.values()) * each},
        "reference": {"forward": (images["train"] + images["test"]) * features},
        "robustness": {"gradient": sum(count * attacked * passes.of(name, "gradient") for name in eps)},
        "corruptions": {
            "forward": sum(count * len(grids["noise"] + grids["darkness"]) * passes.of(name, "forward") for name in eps)
        },
        "energy": {"forward": sum(images["train"] * passes.of(name, "forward") for name in eps)},
        "likelihood": {"forward": sum(bounds(experiment, name) * count * passes.of(name, "forward") for name in measured)},
    }


def operations(experiment, images):
    """Floating-point operations by rule and kind of pass; `images` has the sizes of the splits "train" and "test"."""
    passes, variants = Passes(experiment), derive.sampled(experiment)
    return {
        **training(experiment, passes),
        "sample": sampling(experiment, passes, variants),
        **measuring(experiment, passes, variants, images),
    }


def disk(experiment, images):
    """Megabytes by rule of what stays: weights in float32, and images of 8 bits a channel."""
    passes, variants = Passes(experiment), derive.sampled(experiment)
    channels, height, width = passes.shape
    followed, kept = derive.followed(experiment), len(experiment["diffusion"]["snapshots"])
    models = [*experiment["diffusion"]["models"], *[followed] * kept]
    numbers = {
        "data": sum(images.values()) * channels * height * width,
        "diffusion": 4 * sum(map(passes.parameters, models)),
        "variational": 4 * sum(map(passes.parameters, experiment["variational"]["models"])),
        "adversarial": 4 * sum(map(passes.parameters, experiment["adversarial"]["models"])),
        "classifier": 4 * sum(map(passes.parameters, [*derive.classifiers(experiment), "judge"])),
        "time_classifier": 4 * sum(map(passes.parameters, derive.time_classifiers(experiment))),
        "sample": sum(images_drawn(experiment, spec) for spec in variants.values()) * channels * height * width,
    }
    return {rule: number / 1e6 for rule, number in numbers.items()}


def rates(experiment, device, rounds=3):
    """Operations a second of each kind of pass on this machine, by the experiment's own networks."""
    passes, found = Passes(experiment), {}
    model = next(iter(experiment["diffusion"]["models"]))
    classifier = experiment["energy"]["classifier"]
    for kind, name, batch in (
        ("training", model, experiment["diffusion"]["training"]["batch"]),
        ("forward", model, experiment["sampling"]["batch"]),
        ("gradient", classifier, experiment["sampling"]["batch"]),
    ):
        batch = batch if device.type == "cuda" else min(batch, 16)
        network, x = passes.build(name).to(device), torch.rand(batch, *passes.shape, device=device)
        fast = accelerated(network, device, experiment["acceleration"])
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
