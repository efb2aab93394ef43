"""Guidance by the joint energy."""

from pydantic import BaseModel, Field

from energyguide.classifiers.energy import delta_energy, joint_energy
from energyguide.diffusion.descent import descend


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier of images whose energies guide.")
    lambda_: int | float = Field(alias="lambda", ge=0, description="Weight of dE(x) in the joint energy.")


def guidance(spec, scale, models):
    """Descend L = E(x, y) + lambda dE(x): E(x, y) low, and E(x) near the mean E(x, y) of the class on training images."""

    def loss(logits, y):
        return joint_energy(logits, y) + spec["lambda"] * delta_energy(logits, y, models.class_energy)

    return descend(loss, spec, scale, models)
