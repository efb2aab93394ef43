"""What guides a variant: its guidance function, found by its name, and the models that it consults, from files."""

from functools import partial
from importlib import import_module

import torch

from energyguide.classifiers.load import load_classifier
from energyguide.diffusion.hooks import Guidance, Models
from energyguide.files.atomic import read_json
from energyguide.nets.device import accelerated
from energyguide.nets.weights import load


def acts(spec, t):
    """Whether a variant is guided at the timestep `t`: in its interval, if it has one (Kynkaanniemi et al. 2024)."""
    low, high = spec.get("interval", (t, t))
    return low <= t <= high


def find_guidance(spec, scale, models):
    """The `Guidance` of a variant: what the module of `guidance` that its block names makes of the scale and the models."""
    module = import_module(f"energyguide.diffusion.guidance.{spec['guidance']}")
    return module.guidance(spec, scale, models).only(partial(acts, spec))


def evaluations(spec, scale, models, timesteps):
    """Network evaluations of a walk over these timesteps: [of the diffusion model, of the classifier]."""
    guided = find_guidance(spec, scale, models)
    steps = [(guided if acts(spec, t) else Guidance()).evaluations for t in timesteps]
    return [sum(counts) for counts in zip(*steps, strict=True)]


def load_models(files, classes, device, acceleration=None):
    """`Models` from files, of which each may be missing or None.

    Args:
        files: "classifier", its weights; "energy", the energy statistics of the training set; "weak", the weights of a weaker
            version of the diffusion model.
        acceleration: the configuration's block of that name.
    """
    logits = class_energy = weak = None
    if files.get("classifier"):
        logits = load_classifier(files["classifier"], device, acceleration)
    if files.get("energy"):
        statistics = read_json(files["energy"])
        means = {kind: [of["mean"] for of in statistics[kind]["classes"].values()] for kind in ("E(x,y)", "E(x)")}
        class_energy = {kind: torch.tensor(values, device=device) for kind, values in means.items()}
    if files.get("weak"):
        weak = accelerated(load(files["weak"], device), device, acceleration, fixed=True)
    return Models(logits, class_energy, classes, weak)
