"""Guided densities of three Gaussians, in closed form and by the sampler (Ho and Salimans 2022, Fig. 2)."""

import torch

from energyguide.data.noise import fold, normal
from energyguide.diffusion.guidance.classifier_free import guidance
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.samplers import final_samples, reverse
from energyguide.diffusion.schedule import linear_schedule, respace
from energyguide.studies.mixture import three_gaussians

RANGE, BINS = 2.5, 50  # the square [-RANGE, RANGE]^2, and cells along a side
AREA = (2 * RANGE / BINS) ** 2  # of a cell
NULLS = 19  # sets of exact draws: a distance above those of all has p = 1 / 20


def distance(first, second):
    """Total variation of two densities on the cells, in [0, 1]."""
    return (first - second).abs().sum().item() * AREA / 2


def centres():
    """The centres of the cells, (BINS^2, 1, 1, 2)."""
    edges = torch.linspace(-RANGE, RANGE, BINS + 1, dtype=torch.float64)
    middle = (edges[1:] + edges[:-1]) / 2
    return torch.cartesian_prod(middle, middle).view(-1, 1, 1, 2)


def exact(mixture, w):
    """The mixture of the normalised guided conditionals on the centres of the cells, (BINS, BINS)."""
    return (mixture.guided(centres(), w, AREA) @ mixture.weights).view(BINS, BINS)


def histogram(x):
    """Points (point, 1, 1, 2) as a density on the cells, (BINS, BINS)."""
    return torch.histogramdd(x.view(-1, 2), bins=BINS, range=[-RANGE, RANGE] * 2).hist / len(x) / AREA


def null(mixture, w, count, seed):
    """The distance of `count` exact draws from the closed form, NULLS times: what the number of samples alone costs."""
    generator, y = torch.Generator().manual_seed(fold(seed, "null", w)), torch.arange(count) % mixture.classes
    closed = exact(mixture, w)
    return [distance(closed, histogram(mixture.guided_draws(y, w, generator))) for _ in range(NULLS)]


def exact_likelihoods(mixture, w):
    """The means of log p(x) and of log p(x | y) under the guided conditionals, in nats, by a sum over the cells."""
    x = centres()
    shares = mixture.guided(x, w, AREA) * mixture.weights * AREA
    alone, given = mixture.log_densities(x)
    return (shares.sum(1) @ alone).item(), (shares * given).sum().item()


def likelihoods(mixture, x):
    """The means of log p(x) and of log p(x | y) of samples, of which number i has class i mod classes; each with its error."""
    alone, given = mixture.log_densities(x)
    y = torch.arange(len(x)) % mixture.classes
    values = alone, given.gather(1, y[:, None])[:, 0]
    return [(value.mean().item(), value.std().item() / len(x) ** 0.5) for value in values]


def sampled(mixture, schedule, w, count, steps, seed):
    """`count` samples, (count, 1, 1, 2), by classifier-free guidance with the true noise; number i has class i mod classes."""
    numbers = torch.arange(count)

    def noise(index):
        return normal(fold(seed, "density", w), numbers, index, (1, 1, 2), torch.float64)

    guided = guidance({}, w, Models(classes=mixture.classes))
    x, y = noise(steps), numbers % mixture.classes
    return final_samples(reverse(mixture.joint, respace(schedule, steps), x, y, noise, guided, clip=False))[0]


def guided_densities(process, scales, count, steps, seed):
    """The closed form at each scale w and the sampler's samples, as densities and in numbers.

    Returns:
        "exact <w>" and "sampled <w>" -> (BINS, BINS) densities; and what was measured, ready for JSON, by w: under "distances"
        the total variation between the two, under "nulls" that of exact draws; under "exact" and "sampled" the means of
        log p(x) and of log p(x | y), in nats, those of samples with their standard errors.
    """
    schedule = linear_schedule(**process)
    mixture = three_gaussians(schedule)
    arrays, found = {}, {"distances": {}, "nulls": {}, "exact": {}, "sampled": {}}
    for w in scales:
        x, closed, key = sampled(mixture, schedule, w, count, steps, seed), exact(mixture, w), f"{w:g}"
        arrays[f"exact {key}"], arrays[f"sampled {key}"] = closed.numpy(), histogram(x).numpy()
        found["distances"][key], found["nulls"][key] = distance(closed, histogram(x)), null(mixture, w, count, seed)
        found["exact"][key], found["sampled"][key] = exact_likelihoods(mixture, w), likelihoods(mixture, x)
    return arrays, found
