"""Guidance by the energy E(x, y)."""

from energyguide.classifiers.energy import joint_energy
from energyguide.diffusion.descent import descend


def guidance(spec, scale, models):
    """Descend E(x, y) alone: the gradient of the classifier without its normaliser."""
    return descend(joint_energy, spec, scale, models)
