"""The objective of variational diffusion models: the bound on -log p(x), and the lowest variance of its estimate."""

import torch

from energyguide.data.augment import augment
from energyguide.diffusion.likelihood import continuous, discrete, evenly, prior, reconstruction, slope_of, squared_error
from energyguide.nets.device import accelerated


class VariationalObjective:
    """The variational bound, in nats per dimension, at one time an image (Kingma et al. 2021).

    All descend the bound, but for one: in continuous time the bound does not depend on the shape of the schedule between its
    end points, which descends the square of the diffusion term instead, and so the variance of its estimate (app. I.2).

    Args:
        model: a `VDM`.
        steps: of the bound; None for continuous time.
        augmentation, acceleration: the blocks `augment` and `acceleration` of the configuration.
    """

    def __init__(self, model, steps, augmentation, device, acceleration=None):
        self.model, self.network = model, accelerated(model, device, acceleration)
        self.steps, self.augmentation = steps, augmentation

    def batch(self, x, y):
        """What the loss is of: images in [-1, 1], times in [0, 1), and noise for two terms; from images in [0, 1]."""
        x = 2 * augment(x, self.augmentation) - 1
        return x, evenly(len(x), x.device), torch.randn_like(x), torch.randn_like(x)

    def loss(self, x, t, eps, eps_0):
        """Scalar."""
        low, high = self.model.ends
        terms = prior(x, high) + reconstruction(x, low, eps_0) + self.diffusion(x, t, eps)
        return terms.mean() / x[0].numel()

    def diffusion(self, x, t, eps):
        """One draw of the diffusion term, (batch,), in nats an image."""
        model = self.model
        if self.steps:
            t = torch.ceil(self.steps * t).clamp_min(1) / self.steps
            gamma, before = model.gamma(t), model.gamma(t - 1 / self.steps)
            return discrete(squared_error(self.network, x, gamma, model.timestep(gamma), eps), gamma, before, self.steps)
        low, high = model.ends
        place, rise = slope_of(model.shape, t)
        weight = []  # a list, and not the term itself, which would hold on to its own graph
        for part in (place, rise):
            part.register_hook(lambda gradient: weight[0] * gradient)
        gamma, slope = low + (high - low) * place, (high - low) * rise
        term = continuous(squared_error(self.network, x, gamma, model.timestep(gamma), eps), slope)
        weight.append(2 * term.detach() / x[0].numel())
        return term
