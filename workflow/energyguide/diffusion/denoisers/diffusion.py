"""Diffusion models on a fixed noise schedule."""

from functools import partial

import torch

from energyguide.diffusion.denoiser import Denoiser
from energyguide.diffusion.schedule import linear_schedule, schedule_of
from energyguide.nets import weights
from energyguide.nets.device import accelerated


def load(path, process, device, acceleration=None):
    """The `Denoiser` whose weights are at `path`."""
    return with_process(accelerated(weights.load(path, device), device, acceleration, fixed=True), process)


def with_process(network, process):
    """The `Denoiser` of a network that was trained on the fixed noise schedule of the `process` block."""
    return Denoiser(network, partial(schedule_of, process), lambda steps: intervals(linear_schedule(**process), steps))


def intervals(schedule, steps):
    """Keep `steps` + 1 timesteps, evenly spread, the first and the last among them; a schedule has at least so many."""
    indices = torch.linspace(0, len(schedule) - 1, steps + 1, dtype=torch.float64).round().long()
    return schedule[indices]
