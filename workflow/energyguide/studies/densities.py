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


def distance(first, second):
    """Total variation of two densities on the cells, in [0, 1]."""
    return (first - second).abs().sum().item() * AREA / 2


def exact(mixture, w):
    """The mixture of the normalised guided conditionals on the centres of the cells, (BINS, BINS)."""
    edges = torch.linspace(-RANGE, RANGE, BINS + 1, dtype=torch.float64)
    centres = (edges[1:] + edges[:-1]) / 2
    grid = torch.cartesian_prod(centres, centres).view(-1, 1, 1, 2)
    return mixture.guided_density(grid, w, AREA).view(BINS, BINS)


def sampled(mixture, schedule, w, count, steps, seed):
    """The same density as a histogram of `count` samples by classifier-free guidance with the true noise, (BINS, BINS)."""
    numbers = torch.arange(count)

    def noise(index):
        return normal(fold(seed, "density", w), numbers, index, (1, 1, 2), torch.float64)

    guided = guidance({}, w, Models(classes=mixture.classes))
    x, y = noise(steps), numbers % mixture.classes
    x, _ = final_samples(reverse(mixture.joint, respace(schedule, steps), x, y, noise, guided, clip=False))
    counts = torch.histogramdd(x.view(-1, 2), bins=BINS, range=[-RANGE, RANGE] * 2).hist
    return counts / count / AREA


def guided_densities(process, scales, count, steps, seed):
    """The densities at each scale w, as "exact <w>" and "sampled <w>", (BINS, BINS); and w -> the distance of the two."""
    schedule = linear_schedule(**process)
    mixture = three_gaussians(schedule)
    arrays, distances = {}, {}
    for w in scales:
        closed, histogram = exact(mixture, w), sampled(mixture, schedule, w, count, steps, seed)
        arrays[f"exact {w:g}"], arrays[f"sampled {w:g}"] = closed.numpy(), histogram.numpy()
        distances[f"{w:g}"] = distance(closed, histogram)
    return arrays, distances
