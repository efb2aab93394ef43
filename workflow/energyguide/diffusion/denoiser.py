"""What the reverse process needs of a model."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Denoiser:
    """What the reverse process needs of a model.

    Attributes:
        network: (x_t, t, y) -> eps, or what `guidance` makes eps of.
        schedule: a variant's block of the configuration -> the `Schedule` that it is sampled by.
        levels: a number of steps -> the `Schedule` of one more noise level, including the clean end.
        learned: the `VDM` that has learned its schedule; None if that is fixed.
        guidance: (numbers of the samples, seed) -> the `Guidance` that the model itself needs; None for most.
    """

    network: Callable
    schedule: Callable
    levels: Callable = None
    learned: Any = None
    guidance: Callable = None


def load_denoiser(kind, path, process, device, acceleration=None):
    """The `Denoiser` whose weights are at `path`.

    `kind` is the name of a module of `denoisers`; `process` and `acceleration` are the configuration's blocks of that name.
    """
    return import_module(f"energyguide.diffusion.denoisers.{kind}").load(path, process, device, acceleration)
