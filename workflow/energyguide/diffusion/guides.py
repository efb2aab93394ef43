"""What guides a variant: its guidance function, found by its name, and the models that it consults, from files."""

from importlib import import_module

import torch

from energyguide.classifiers.load import load_classifier
from energyguide.diffusion.hooks import Models
from energyguide.files.atomic import read_json


def find_guidance(spec, scale, models):
    """The `Guidance` of a variant: what the module of `guidance` that its block names makes of the scale and the models."""
    return import_module(f"energyguide.diffusion.guidance.{spec['guidance']}").guidance(spec, scale, models)


def load_models(classifier, energies, classes, device, acceleration=None):
    """`Models` from files: a classifier's weights, and the energy statistics of the training set; either may be None.

    `acceleration` is the configuration's block of that name.
    """
    logits = load_classifier(classifier, device, acceleration) if classifier else None
    class_energy = None
    if energies:
        statistics = read_json(energies)
        means = {kind: [of["mean"] for of in statistics[kind]["classes"].values()] for kind in ("E(x,y)", "E(x)")}
        class_energy = {kind: torch.tensor(values, device=device) for kind, values in means.items()}
    return Models(logits, class_energy, classes)
