"""How many modes of its data a model covers: of 25 Gaussians in the plane, and of stacked digits (Xiao, Kreis and Vahdat 2022).

Points are images of two pixels in a row, (point, 1, 1, 2).
"""

import numpy as np
import torch

SIDE, SPACING, STD = 5, 0.7, 0.07  # Gaussians along a side; their distance, for a variance of all of 1; the deviation of each


def centres():
    """(25, 2)."""
    line = SPACING * (torch.arange(SIDE) - SIDE // 2)
    return torch.cartesian_prod(line, line)


def gaussians(count, seed):
    """(count, 1, 1, 2) points of 25 Gaussians, all equally likely."""
    generator = torch.Generator().manual_seed(seed)
    chosen = centres()[torch.randint(SIDE**2, (count,), generator=generator)]
    return (chosen + STD * torch.randn(count, 2, generator=generator)).view(-1, 1, 1, 2)


def covered(points):
    """How many of the Gaussians have a quarter of their part of the points, or more; and the share of points that one has.

    A Gaussian has the points within three of its standard deviations. One point would not do: noise has one near each.
    """
    near = (torch.cdist(points.view(-1, 2).double(), centres().double()) < 3 * STD).double().mean(0)
    return {"modes": int((near >= 0.25 / SIDE**2).sum()), "of": SIDE**2, "share": near.sum().item()}


def stacked(images, labels, count, seed):
    """Three of the images (n, 1, height, width), each with its own label, as channels of one.

    Returns:
        (count, 3, height, width), and the numbers (count,) that their labels spell, below 1000.
    """
    chosen = np.random.default_rng(seed).integers(len(images), size=(count, 3))
    return images[chosen][:, :, 0], spelled(labels[chosen])


def spelled(digits):
    """(n, 3) digits -> (n,) numbers."""
    return digits @ np.array([100, 10, 1])


def coverage(numbers, expected):
    """How many of the kinds of stacked digits are there, and how far their distribution is from the expected one.

    Args:
        numbers: (n,), below 1000.
        expected: (1000,) probabilities, none of them 0.

    Returns:
        "modes", and "kl" in nats: KL(numbers || expected).
    """
    shares = np.bincount(numbers, minlength=len(expected)) / len(numbers)
    there = shares > 0
    kl = float((shares[there] * np.log(shares[there] / expected[there])).sum())
    return {"modes": int(there.sum()), "of": len(expected), "kl": kl}
