"""Classifier-free guidance."""

from energyguide.diffusion.hooks import Guidance


def guidance(spec, scale, models):
    """eps~ = (1 + w) eps(x_t, y) - w eps(x_t), of a joint model (Ho and Salimans 2022, eq. 6); both in one batch."""
    import torch

    if not scale:
        return Guidance()

    def predict(network, state):
        labels = torch.cat([state.y, torch.full_like(state.y, models.classes)])
        twice = torch.cat([state.x_t] * 2), torch.cat([state.timesteps] * 2)
        conditional, unconditional = network(*twice, labels).chunk(2)
        return (1 + scale) * conditional - scale * unconditional

    return Guidance(predict=predict, evaluations=(2, 0))
