"""Guidance against the gradient of a loss on logits."""

from energyguide.diffusion.hooks import Guidance
from energyguide.diffusion.units import UNITS


def descend(loss, spec, scale, models):
    """Guidance against the gradient of `loss`, a function of (logits, y) -> (batch,).

    The gradient is taken at x_t, or at the predicted x_0 where the block says `at: x0`.
    """
    import torch

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
