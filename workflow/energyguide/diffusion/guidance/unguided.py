"""No guidance."""

from energyguide.diffusion.hooks import Guidance


def guidance(spec, scale, models):
    return Guidance()
