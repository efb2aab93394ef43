"""What guides a variant: its guidance function, found by its name, and the models that it consults, from files."""

from importlib import import_module

import torch

from energyguide.classifiers.load import load_classifier
from energyguide.diffusion.hooks import Models
from energyguide.files.atomic import read_json
from energyguide.nets.device import accelerated
from energyguide.nets.weights import load


def find_guidance(spec, scale, models):
    """The `Guidance` of a variant: what the module of `guidance` that its block names makes of the scale and the models."""
    return import_module(f"energyguide.diffusion.guidance.{spec['guidance']}").guidance(spec, scale, models)


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
