"""Classifier-free and energy guidance together."""

from energyguide.diffusion.guidance import classifier_free, energy


def guidance(spec, scale, models):
    """Classifier-free guidance with the block's `w`, and down E(x, y) at the same time."""
    return classifier_free.guidance(spec, spec["w"], models) + energy.guidance(spec, scale, models)
