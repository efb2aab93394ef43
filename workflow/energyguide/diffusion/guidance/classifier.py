"""Guidance by a classifier's posterior."""

from pydantic import BaseModel, Field

from energyguide.classifiers.energy import log_posterior
from energyguide.diffusion.descent import descend


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier whose gradient guides, of images or time-dependent.")


def guidance(spec, scale, models):
    """Ascend log p(y | x) of a plain or a robust classifier."""
    return descend(lambda logits, y: -log_posterior(logits, y), spec, scale, models)
