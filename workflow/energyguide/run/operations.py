"""The floating-point operations of an experiment by rule, counted on its networks before it is run.

What is small next to the passes of the networks is not counted: the choice of checkpoints, the GANs of points and of stacked
digits, trajectories, figures, and the start of each job.
"""

from collections import Counter, defaultdict

import torch

from energyguide.config.systems.ddgan import leaps
from energyguide.diffusion.guides import evaluations
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.schedule import schedule_of
from energyguide.diffusion.spacing import kept_timesteps
from energyguide.nets.counting import Memory, Operations, counted
from energyguide.nets.ddgan import Adversaries, Discriminator
from energyguide.nets.weights import build
from energyguide.training.ddgan import LAZY, AdversarialObjective

INCEPTION = 11.4e9  # operations of Inception v3 for an image of 299x299 pixels: 5.7 billion multiply-adds (Szegedy et al. 2016)


class Passes:
    """Operations and memory of the networks of an experiment, in each kind of pass, and their parameters."""

    known = {}  # of all experiments: what was counted once

    def __init__(self, experiment):
        self.experiment, self.shape = experiment, tuple(experiment.data.shape)

    def build(self, name):
        return build(*self.experiment.networks[name].build).eval()

    def count(self, counter, name, kind, batch):
        """A counter's count of a pass; once for all networks of the same arguments."""
        key = counter, repr(self.experiment.networks[name].build), kind, batch, self.shape
        if key not in self.known:
            self.known[key] = counted(counter(), lambda: self.build(name), kind, batch, self.shape)
        return self.known[key]

    def of(self, name, kind):
        """Operations for one image."""
        return self.count(Operations, name, kind, 1).total

    def memory(self, name, kind, batch):
        """Bytes in float32: the parameters, and all that is held at once in a pass of so many images."""
        return self.count(Memory, name, kind, batch).most

    def parameters(self, name, build=None):
        """How many there are: of the network that is kept, or of what another function makes of its name."""
        with torch.device("meta"):
            return sum(p.numel() for p in (build or self.build)(name).parameters())

    def adversaries(self, name):
        """The generator of this name, and its discriminator."""
        discriminator = self.experiment.ddgan.discriminator.dump()
        return Adversaries(self.build(name), Discriminator(*self.shape[:2], **discriminator))


def training(experiment, passes):
    """Operations of the training of each network, by kind, which is the name of its rule, and kind of pass."""
    work = defaultdict(Counter)
    for name, network in trained(experiment):
        images = network.training.steps * network.training.batch
        of_step = losses(experiment, passes, name) if network.kind == "ddgan" else passes.of(name, "training")
        work[network.kind]["training"] += images * of_step
        if network.attack_steps:
            work[network.kind]["gradient"] += images * network.attack_steps * passes.of(name, "gradient")
    return work


def trained(experiment):
    """The networks that are trained, with their names."""
    return [(name, network) for name, network in experiment.networks.items() if name not in experiment.weights]


def losses(experiment, passes, name):
    """Operations of a training step of a denoising diffusion GAN, for one image."""
    plain, penalised = (of_losses(experiment, passes, name, Operations(), penalty).total for penalty in (False, True))
    return plain + (penalised - plain) / LAZY


def of_losses(experiment, passes, name, counter, penalty=True, batch=1):
    """The two losses of a batch and their gradients under a counter, with the penalty or without it; the counter."""
    gans, device = experiment.ddgan, torch.device("meta")
    schedule = schedule_of(experiment.process.dump(), leaps(gans.models[name].steps))
    with device, counter:
        objective = AdversarialObjective(passes.adversaries(name), schedule, gans.models[name].kind, gans.r1, device)
        *parts, _ = objective.batch(torch.rand(batch, *passes.shape), None)
        objective.loss(*parts, torch.ones(batch) if penalty else None).backward()
    return counter


def images_drawn(experiment, variant):
    """How many samples a variant has, at all its scales."""
    return experiment.sampling.total * len(variant.grid)


def of_sample(experiment, variant):
    """Evaluations for a sample: of the diffusion model, and of the classifier that guides."""
    timesteps = kept_timesteps(experiment.process.steps, variant.steps, variant.spacing)
    return evaluations(variant.dump(), max(variant.grid), Models(classes=experiment.data.classes), timesteps)


def sampling(experiment, passes, variants):
    """Operations of the samples of some variants; a step at scale 0 is counted as any other."""
    work = Counter()
    for variant in variants:
        of_model, of_classifier = of_sample(experiment, variant)
        images = images_drawn(experiment, variant)
        work["forward"] += images * of_model * passes.of(variant.model.partition("@")[0], "forward")
        if of_classifier:
            work["gradient"] += images * of_classifier * passes.of(variant.guide, "gradient")
    return work


def bounds(experiment, name):
    """How often a network looks at each image for its bounds: once an estimate, and of DDPM once more to decode."""
    spec, learned = experiment.likelihood, experiment.networks[name].kind == "vdm"
    return spec.draws * (len(spec.steps) + 1 + len(spec.shapes) if learned else 2 * len(spec.steps))


def measuring(experiment, passes, images):
    """Operations of the measurements, by rule; those of the attack are the most there can be."""
    judge, eps = passes.of("judge", "forward"), list(experiment.classifiers.radii)
    features = INCEPTION if experiment.metrics.features == "inception" else judge
    each = features + judge + passes.of(experiment.metrics.classifier, "forward")
    grids, count = experiment.robustness, images["test"]
    attacked = sum(radius > 0 for radius in grids.eps_test) * grids.steps
    return {
        "metrics": {"forward": sum(images_drawn(experiment, variant) for variant in experiment.sampled.values()) * each},
        "reference": {"forward": sum(images.values()) * features},
        "robustness": {"gradient": sum(count * attacked * passes.of(name, "gradient") for name in eps)},
        "autoattack": attacking(experiment, passes, eps, count),
        "corruptions": {"forward": sum(count * len(grids.noise + grids.darkness) * passes.of(name, "forward") for name in eps)},
        "energy": {"forward": sum(images["train"] * passes.of(name, "forward") for name in eps)},
        "likelihood": {
            "forward": sum(bounds(experiment, name) * count * passes.of(name, "forward") for name in measured(experiment))
        },
    }


def attacking(experiment, passes, names, count):
    """Operations of the ensemble of attacks on `count` test images, the most there can be: as if none were fooled."""
    spec, attacks = experiment.robustness.autoattack, sum(radius > 0 for radius in experiment.robustness.eps_test)
    if not spec:
        return {}
    targets = min(spec.targets, experiment.data.classes - 1)
    steps = {"apgd-ce": spec.steps + 1, "apgd-t": targets * (spec.steps + 1), "fab-t": targets * spec.steps}
    gradients = sum(steps.get(name, 0) for name in spec.attacks) + experiment.robustness.steps
    queries = {"fab-t": targets * spec.steps, "square": spec.queries + 1}
    forward = sum(queries.get(name, 0) for name in spec.attacks)
    images = min(spec.images, count) * attacks
    return {
        "gradient": images * gradients * sum(passes.of(name, "gradient") for name in names),
        "forward": images * forward * sum(passes.of(name, "forward") for name in names),
    }


def measured(experiment):
    """The networks whose likelihood is measured."""
    return experiment.likelihood.measured(experiment) if experiment.likelihood else []


def operations(experiment, images, passes=None):
    """rule -> kind of pass -> operations."""
    passes = passes or Passes(experiment)
    return {
        **training(experiment, passes),
        "sample": sampling(experiment, passes, experiment.sampled.values()),
        **measuring(experiment, passes, images),
    }
