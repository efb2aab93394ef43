"""Autoguidance: away from a weaker version of the model itself."""

from pydantic import BaseModel, Field

from energyguide.diffusion.hooks import Guidance, predict_eps


class Parameters(BaseModel):
    weak: str = Field(
        description="A snapshot of the model, such as conditional@400: the weaker version that is guided away from."
    )


def guidance(spec, scale, models):
    """eps~ = eps(x_t, y) + w (eps(x_t, y) - eps_weak(x_t, y)) (Karras et al. 2024, whose weight is w + 1)."""
    if not scale:
        return Guidance()

    def predict(network, state):
        strong, weak = predict_eps(network, state), predict_eps(models.weak, state)
        return strong + scale * (strong - weak)

    return Guidance(predict=predict, evaluations=(2, 0))
