"""Classifier-free and energy guidance together."""

from pydantic import BaseModel, Field

from energyguide.diffusion.guidance import classifier_free, energy


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier whose energy guides, of images or time-dependent.")
    w: int | float = Field(gt=0, description="Weight of classifier-free guidance beside the energy.")


def guidance(spec, scale, models):
    """Classifier-free guidance with the block's `w`, and down E(x, y) at the same time."""
    return classifier_free.guidance(spec, spec["w"], models) + energy.guidance(spec, scale, models)
