"""Every guidance variant, as one small function found by its name.

A function takes the variant's block of the configuration, the scale s and the models, and returns a `Guidance`.
Most descend an energy: `descend` turns a loss on logits into a shift of the mean, in the unit that the block names.
The units differ by orders of magnitude along the trajectory, so scales of different units cannot be compared.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from energyguide.device import accelerated
from energyguide.energy import delta_energy, joint_energy, log_posterior
from energyguide.nets.files import architecture, load
from energyguide.samplers import Guidance
from energyguide.storage import read_json

GUIDANCE = {}

# What s multiplies, beside the gradient, at one step.
UNITS = {
    "sigma": lambda state, spec: state.sigma,  # thesis, classifier guidance
    "sigma2": lambda state, spec: state.sigma**2,  # Dhariwal and Nichol 2021, algorithm 1
    "standard": lambda state, spec: (1 - state.abar) ** 0.5,  # thesis, energy guidance
    "sigmoid": lambda state, spec: sigmoid(state.t, **spec["sigmoid"]),  # thesis, custom scheduler
    "eps": lambda state, spec: (1 - state.abar) ** 0.5,  # Dhariwal and Nichol 2021, algorithm 2 (DDIM)
}


def sigmoid(t, y0, k, t0):
    """The thesis' custom scheduler: from y0 at the image to 1 at the noise, half way at t0; `t` and `t0` in timesteps."""
    return (1 - y0) / (1 + math.exp(-k * (t - t0))) + y0


@dataclass(frozen=True)
class Models:
    """What guidance may consult.

    Attributes:
        logits: (images in the scale of [-1, 1], timestep) -> (batch, class); classifiers of images ignore the timestep.
        class_energy: (class,) mean E(x, y) of each class over the training set.
        classes: number of classes, which is also the number of the class "no class".
    """

    logits: Callable = None
    class_energy: torch.Tensor = None
    classes: int = None


def guidance(function):
    GUIDANCE[function.__name__] = function
    return function


def descend(loss, spec, scale, models):
    """Guidance against the gradient of `loss`, a function of (logits, y) -> (batch,).

    The gradient is taken at x_t, or at the predicted x_0 where the block says `at: x0`.
    """

    def gradient(state):
        with torch.enable_grad():
            x, t = (state.x0, 0) if spec["at"] == "x0" else (state.x_t, state.t)
            z = x.detach().requires_grad_()
            return torch.autograd.grad(loss(models.logits(z, t), state.y).sum(), z)[0]

    def along(state):
        unit = scale * UNITS[spec["unit"]](state, spec)
        return -unit * gradient(state) if unit else torch.zeros_like(state.x_t)

    if spec["unit"] == "eps":
        return Guidance(eps=lambda state: -along(state), evaluations=(1, 1))
    return Guidance(mean=along, evaluations=(1, 1))


@guidance
def unguided(spec, scale, models):
    return Guidance()


@guidance
def classifier(spec, scale, models):
    """Ascend log p(y | x) of a plain or a robust classifier."""
    return descend(lambda logits, y: -log_posterior(logits, y), spec, scale, models)


@guidance
def energy(spec, scale, models):
    """Descend E(x, y) alone: the gradient of the classifier without its normaliser."""
    return descend(joint_energy, spec, scale, models)


@guidance
def joint(spec, scale, models):
    """Descend L = E(x, y) + lambda dE(x): E(x, y) low, and E(x) near the mean E(x, y) of the class on training images."""

    def loss(logits, y):
        return joint_energy(logits, y) + spec["lambda"] * delta_energy(logits, y, models.class_energy)

    return descend(loss, spec, scale, models)


@guidance
def classifier_free(spec, scale, models):
    """eps~ = (1 + w) eps(x_t, y) - w eps(x_t), of a joint model (Ho and Salimans 2022, eq. 6); both in one batch."""
    if not scale:
        return Guidance()

    def predict(network, state):
        labels = torch.cat([state.y, torch.full_like(state.y, models.classes)])
        twice = torch.cat([state.x_t] * 2), torch.cat([state.told] * 2)
        conditional, unconditional = network(*twice, labels).chunk(2)
        return (1 + scale) * conditional - scale * unconditional

    return Guidance(predict=predict, evaluations=(2, 0))


@guidance
def free_and_energy(spec, scale, models):
    """Classifier-free guidance with the block's `w`, and down E(x, y) at the same time."""
    return classifier_free(spec, spec["w"], models) + energy(spec, scale, models)


def image_classifier(path, where, acceleration):
    from energyguide.nets.resnet import CifarResNet

    model = accelerated(load(CifarResNet, path, where), where, acceleration, fixed=True)
    return lambda x, t: model((x + 1) / 2)


def time_classifier(path, where, acceleration):
    from energyguide.nets.time_classifier import TimeClassifier

    model = accelerated(load(TimeClassifier, path, where), where, acceleration, fixed=True)
    return lambda x, t: model(x, torch.full((len(x),), t, device=x.device))


CLASSIFIERS = {"CifarResNet": image_classifier, "TimeClassifier": time_classifier}


def load_models(classifier, energies, classes, where, acceleration=None):
    """`Models` from files: a classifier's weights, and the energy statistics of the training set; either may be None.

    `acceleration` is the configuration's block of that name.
    """
    logits = CLASSIFIERS[architecture(classifier)](classifier, where, acceleration) if classifier else None
    class_energy = None
    if energies:
        statistics = read_json(energies)["E(x,y)"]["classes"]
        class_energy = torch.tensor([c["mean"] for c in statistics.values()], device=where)
    return Models(logits, class_energy, classes)
