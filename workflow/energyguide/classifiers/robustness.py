"""Accuracy of a classifier, clean and attacked. Images (n, channel, height, width) in [0, 1]."""

import torch

from energyguide.classifiers.attacks import pgd
from energyguide.data.noise import fold, normal, uniform
from energyguide.nets.passes import by_batch, frozen


def accuracy(model, x, y, ball=None, steps=0, seed=None, attacker=None):
    """Share of images that `model` gets right, after PGD in `ball` if there is one.

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
                start = ball.random_point(noise, uniform(fold(seed, "radius"), samples, 0, (1,)).float())
            images = pgd(attacker or model, images, labels, ball, steps, start, stop_when_fooled=True, exact=model)
        with torch.no_grad():
            return (model(images).argmax(1) == labels).sum().item()

    with frozen(model):
        return sum(by_batch(right, x)) / len(x)
