"""The unit of a guidance scale: scale * unit * gradient is the shift at one step."""

import math

# What s multiplies, beside the gradient, at one step.
UNITS = {
    "sigma": lambda state, spec: state.sigma,  # thesis, classifier guidance
    "sigma2": lambda state, spec: state.sigma**2,  # Dhariwal and Nichol 2021, algorithm 1
    "standard": lambda state, spec: (1 - state.abar) ** 0.5,  # thesis, energy guidance
    "sigmoid": lambda state, spec: sigmoid(state.t, **spec["sigmoid"]),  # thesis, custom scheduler
    "eps": lambda state, spec: (1 - state.abar) ** 0.5,  # Dhariwal and Nichol 2021, algorithm 2 (DDIM)
}


def sigmoid(t, y0, k, t0):
    """The thesis' custom scheduler: from y0 at the image to 1 at the noise, half way at t0; `t` and `t0` in timesteps.

    (1 - y0) / (1 + exp(-k (t - t0))) + y0, by 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which overflows for no z.
    """
    return (1 - y0) * (1 + math.tanh(k * (t - t0) / 2)) / 2 + y0
