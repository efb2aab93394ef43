"""Variational diffusion models, on the noise schedule that they have learned."""

import torch

from energyguide.diffusion.denoiser import Denoiser
from energyguide.diffusion.schedule import Schedule
from energyguide.nets import weights
from energyguide.nets.device import accelerated


def load(path, process, device, acceleration=None):
    """The `Denoiser` whose weights are at `path`; it does without the `process` block."""
    model = weights.load(path, device)
    network = accelerated(model, device, acceleration, fixed=True)

    def levels(steps):
        return schedule_at(model, torch.arange(steps + 1) / steps)

    return Denoiser(network, lambda spec: levels(spec["steps"])[1:], levels, learned=model)


@torch.no_grad()
def schedule_at(model, times):
    """The `Schedule` of a `VDM` at an ascending row of `times` (step,) in [0, 1]."""
    gamma = model.gamma(times.to(model.ends))
    return Schedule(model.timestep(gamma).cpu(), torch.sigmoid(-gamma.double()).cpu())
