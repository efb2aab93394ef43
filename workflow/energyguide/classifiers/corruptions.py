"""What happens to an image that is not an attack. Images (batch, channel, height, width) in [0, 1]."""

import torch

from energyguide.data.noise import fold, normal
from energyguide.nets.passes import logits


def gaussian_noise(x, sigma, noise):
    """Add `noise`, standard normal and shaped as `x`, times `sigma` (on the [0, 1] scale), and clamp."""
    return (x + sigma * noise).clamp(0, 1)


def darkness(x, amount):
    """Scale the brightness by 1 - `amount`: 0 leaves the image, 1 makes it black."""
    return x * (1 - amount)


def share_right(model, x, y):
    """Share of images that `model` gets right, in [0, 1]."""
    return (logits(model, x).argmax(1) == y.cpu()).sum().item() / len(x)


def noise_grid(model, x, y, sigmas, seed):
    """Accuracy under Gaussian noise, for each sigma on the [0, 1] scale; the same noise for every classifier."""
    noise = normal(fold(seed, "noise"), torch.arange(len(x), device=x.device), 0, x.shape[1:])
    return {str(s): share_right(model, gaussian_noise(x, s, noise), y) for s in sigmas}


def darkness_grid(model, x, y, amounts):
    """Accuracy under darkness, for each amount in [0, 1]."""
    return {str(a): share_right(model, darkness(x, a), y) for a in amounts}
