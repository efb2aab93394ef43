"""How likely images are under a diffusion model: the variational bound, and draws of it, in bits per dimension."""

import math
from functools import partial

import torch

from energyguide.data.noise import fold, normal
from energyguide.diffusion.likelihood import (
    continuous,
    decoder,
    discrete,
    evenly,
    prior,
    reconstruction,
    slope_of,
    squared_error,
)
from energyguide.nets.passes import by_batch


def bits(nats, x):
    """Nats an image as bits per dimension."""
    return nats / (math.log(2) * x[0].numel())


SHAPES = {  # maps of [0, 1] onto itself, rising, that a schedule may have between its end points
    "linear": lambda t: t,
    "quadratic": lambda t: t**2,
    "cosine": lambda t: torch.sin(math.pi / 2 * t) ** 2,
}


def from_latent(network, schedule, x, eps):
    """-log p(x | z) of a variational diffusion model, whose network is not asked (Kingma et al. 2021, sec. 3.3)."""
    return reconstruction(x, torch.logit(1 - schedule.abar[0]).to(x), eps)


def from_prediction(network, schedule, x, eps):
    """-log p(x | x_1) of DDPM: x_1 is at the clean end of the schedule, and its network predicts the image from it.

    sigma_1^2 is beta~ of the second level, as in the code released with the paper: that of the first is 0.
    """
    first = torch.zeros(len(x), dtype=torch.int64, device=x.device)
    x_1 = schedule.add_noise(x, first, eps)
    predicted = network(x_1, schedule.timesteps.to(x.device)[first])
    abar = schedule.abar[0].item()
    mean = (x_1 - (1 - abar) ** 0.5 * predicted) / abar**0.5
    return decoder(x, mean, schedule.sigma("small")[1].item()).to(x)


@torch.no_grad()
def bound(network, schedule, decode, x, t, eps, eps_0):
    """One draw of the three terms, by name, in a bound of as many steps as the schedule has intervals.

    Args:
        network: (z, t) -> eps.
        schedule: the noise levels, from the clean end to the noisy end.
        decode: `from_latent` or `from_prediction`.
        t: (batch,) in [0, 1), which choose a step for each image.
        eps, eps_0: standard normal, as `x`: of the diffusion term, and of the reconstruction.
    """
    gammas, timesteps = torch.logit(1 - schedule.abar).to(x.device), schedule.timesteps.to(x.device)
    steps = len(schedule) - 1
    i = 1 + (steps * t).long()
    error = squared_error(network, x, gammas[i].to(x), timesteps[i], eps)
    return {
        "prior": prior(x, gammas[-1].to(x)),
        "reconstruction": decode(network, schedule, x, eps_0),
        "diffusion": discrete(error.double(), gammas[i], gammas[i - 1], steps).to(x),
    }


@torch.no_grad()
def continuous_bound(network, model, shape, x, t, eps, eps_0):
    """The same in continuous time, of a `VDM`, whose `network` may be accelerated.

    `shape` is a map of [0, 1] onto itself that takes the place of the one learned, or None.
    """
    low, high = model.ends
    gamma, slope = (part.detach() for part in slope_of(lambda t: model.gamma(t, shape), t))
    error = squared_error(network, x, gamma, model.timestep(gamma), eps)
    return {"prior": prior(x, high), "reconstruction": reconstruction(x, low, eps_0), "diffusion": continuous(error, slope)}


def times(count, seed, draw):
    """(count,) numbers in [0, 1), one in each of as many equal parts, in an order that depends on (`seed`, `draw`)."""
    generator = torch.Generator().manual_seed(fold(seed, "times", draw))
    order = torch.randperm(count, generator=generator)
    return evenly(count, generator=generator)[order]


def estimates(bound, x, draws, seed):
    """Draws of a bound, each over all images.

    Args:
        bound: (x, t, eps, eps_0) -> the terms by name, (batch,), in nats an image, as `likelihood.bound`.
        x: images (n, channel, height, width) in [-1, 1].

    Returns:
        each term and "total" -> one mean for each draw; and "spread", the standard deviation of the diffusion term from one image
        and time to another, which says how good an estimator it is. All in bits per dimension.
    """
    means, single = [], []
    for draw in range(draws):
        t = times(len(x), seed, draw).to(x.device)

        def terms(samples, t=t, draw=draw):
            eps, eps_0 = (normal(fold(seed, name), samples, draw, x.shape[1:]) for name in ("diffusion", "reconstruction"))
            return {name: bits(term, x).cpu() for name, term in bound(x[samples], t[samples], eps, eps_0).items()}

        parts = list(by_batch(terms, x))
        whole = {name: torch.cat([part[name].expand(len(part["diffusion"])) for part in parts]) for name in parts[0]}
        means.append({name: term.mean().item() for name, term in whole.items()})
        single.append(whole["diffusion"])
    lists = {name: [draw[name] for draw in means] for name in means[0]}
    totals = [sum(draw.values()) for draw in means]
    return {**lists, "total": totals, "spread": torch.cat(single).std().item()}


def measure(denoiser, x, steps, shapes, draws, seed):
    """The bound of a `Denoiser` on images (n, channel, height, width) in [-1, 1], ready for JSON.

    Args:
        steps: numbers of steps of a bound in discrete time.
        shapes: names of SHAPES that take the place of a learned schedule's, in continuous time.

    Returns:
        under "discrete" the `estimates` by number of steps; "decoder", the name of the function that decodes the clean end; of a
        learned schedule also "continuous", and "gamma", its curve and those that take its place at 101 times, both by the name of
        the shape.
    """
    network, model = denoiser.network, denoiser.learned
    decode = from_latent if model else from_prediction

    def drawn(function, *arguments):
        return estimates(partial(function, network, *arguments), x, draws, seed)

    discrete_bounds = {count: drawn(bound, denoiser.levels(count), decode) for count in steps}
    result = {"decoder": decode.__name__, "discrete": discrete_bounds}
    if model:
        curve = torch.linspace(0, 1, 101, device=x.device)
        functions = {"learned": None, **{name: SHAPES[name] for name in shapes}}
        result["continuous"] = {name: drawn(continuous_bound, model, shape) for name, shape in functions.items()}
        with torch.no_grad():
            result["gamma"] = {name: model.gamma(curve, shape).tolist() for name, shape in functions.items()}
    return result
