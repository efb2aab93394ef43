"""Guidance by the energy E(x, y)."""

from pydantic import BaseModel, Field

from energyguide.classifiers.energy import energy, joint_energy
from energyguide.diffusion.descent import descend


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier whose energy guides, of images or time-dependent.")
    normaliser: int | float = Field(
        default=0, ge=0, description="Weight w of the normaliser E(x): 0 is the energy alone, 1 the posterior."
    )


def guidance(spec, scale, models):
    """Descend E(x, y) - w E(x), from the energy alone, w = 0, to classifier guidance, w = 1.

    Its gradient is that of -F(x)[y] + w logsumexp F(x); EluCD (Ma et al. 2023) gives both terms temperatures.
    """
    weight = spec.get("normaliser", 0)
    return descend(lambda logits, y: joint_energy(logits, y) - weight * energy(logits), spec, scale, models)
