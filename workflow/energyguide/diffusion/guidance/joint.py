"""Guidance by the joint energy."""

from typing import Literal

from pydantic import BaseModel, Field

from energyguide.classifiers.energy import delta_energy, joint_energy
from energyguide.diffusion.descent import descend


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier of images whose energies guide.")
    lambda_: int | float = Field(alias="lambda", ge=0, description="Weight of dE(x) in the joint energy.")
    target: Literal["E(x,y)", "E(x)"] = Field(
        default="E(x,y)", description="The energy whose mean over a class's training images is the target E(x*)[y] of E(x)."
    )


def guidance(spec, scale, models):
    """Descend L = E(x, y) + lambda dE(x): E(x, y) low, and E(x) near the target of the class.

    The target E(x*)[y] is the mean of E(x, y), or of E(x), over the class's training images: the thesis allows both readings.
    They differ by the mean cross-entropy of the class, since E(x, y) - E(x) = -log p(y | x).
    """

    def loss(logits, y):
        return joint_energy(logits, y) + spec["lambda"] * delta_energy(logits, y, models.class_energy[spec["target"]])

    return descend(loss, spec, scale, models)
