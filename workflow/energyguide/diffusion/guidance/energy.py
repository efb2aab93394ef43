"""Guidance by the energy E(x, y)."""

from pydantic import BaseModel, Field

from energyguide.classifiers.energy import joint_energy
from energyguide.diffusion.descent import descend


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier whose energy guides, of images or time-dependent.")


def guidance(spec, scale, models):
    """Descend E(x, y) alone: the gradient of the classifier without its normaliser."""
    return descend(joint_energy, spec, scale, models)
