"""Accuracy of a classifier: clean, attacked, corrupted. Images (n, channel, height, width) in [0, 1]."""

import torch
from tqdm import tqdm

from energyguide.attacks import frozen, pgd
from energyguide.corruptions import darkness, gaussian_noise
from energyguide.memory import Parts
from energyguide.seeding import fold, normal, uniform

BATCH = 500


def by_batch(function, x):
    """`function` of the numbers of the samples in `x`, batch by batch and as memory allows; with a progress bar on a terminal."""
    parts, samples = Parts("measuring"), torch.arange(len(x), device=x.device)
    for batch in tqdm(samples.split(BATCH), unit="batch", leave=False, disable=None):
        yield from parts.map(function, batch)


def accuracy(model, x, y, ball=None, steps=0, seed=None, attacker=None):
    """Share of images that `model` gets right, after PGD in `ball` where there is one.

    The attack leaves a sample alone once it is fooled. It starts at the image, or at a random point that depends on
    (`seed`, sample) alone. Its gradients are those of the `attacker`, the model itself or a faster approximation, while
    `model` alone says what is right.
    """

    def right(samples):
        images, labels = x[samples], y[samples]
        if ball is not None and ball.eps:
            start = None
            if seed is not None:
                noise = normal(fold(seed, "start"), samples, 0, images.shape[1:])
                start = ball.spread(noise, uniform(fold(seed, "radius"), samples, 0, (1,)).float())
            images = pgd(attacker or model, images, labels, ball, steps, start, stop_when_fooled=True, judge=model)
        with torch.no_grad():
            return (model(images).argmax(1) == labels).sum().item()

    with frozen(model):
        return sum(by_batch(right, x)) / len(x)


def noise_grid(model, x, y, sigmas, seed):
    """Accuracy under Gaussian noise, for each sigma on the [0, 1] scale; the same noise for every classifier."""
    noise = normal(fold(seed, "noise"), torch.arange(len(x), device=x.device), 0, x.shape[1:])
    return {str(s): accuracy(model, gaussian_noise(x, s, noise), y) for s in sigmas}


def darkness_grid(model, x, y, amounts):
    """Accuracy under darkness, for each amount in [0, 1]."""
    return {str(a): accuracy(model, darkness(x, a), y) for a in amounts}


def logits(model, x):
    """Logits (n, class) of all images, on the CPU."""
    with frozen(model), torch.no_grad():
        return torch.cat(list(by_batch(lambda samples: model(x[samples]).cpu(), x)))
