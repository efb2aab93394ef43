"""Images from a single classifier: PGD from class-conditional Gaussian seeds (Santurkar et al. 2019)."""

import torch

from energyguide.classifiers.attacks import pgd
from energyguide.data.noise import fold, normal


def class_seeds(images, labels, classes, per_class, seed):
    """Draws from the Gaussian fitted to the images of each class: (class * per_class, channel, height, width) in [0, 1].

    With X the n centred images, X^T z / sqrt(n - 1) has exactly their covariance; no matrix is formed.
    """
    seeds = []
    for k in range(classes):
        members = images[labels == k].flatten(1)
        mean = members.mean(0)
        z = normal(fold(seed, "seeds", k), torch.arange(per_class, device=images.device), 0, (len(members),))
        seeds.append(mean + z @ (members - mean) / max(1, len(members) - 1) ** 0.5)
    return torch.cat(seeds).view(-1, *images.shape[1:]).clamp(0, 1)


def synthesise(model, seeds, y, ball, steps):
    """Move the seeds towards their classes `y`, inside `ball`. The model is frozen by the caller."""
    return pgd(model, seeds, y, ball, steps, targeted=True)
