"""A world whose noise, posterior and densities are known in closed form: Gaussians, one a class.

It takes the place of all networks where their answer should be the true one: in tests, and in the figure of guided
densities (Ho and Salimans 2022, Fig. 2). Points are images of two pixels, (batch, 1, 1, 2), in float64.
"""

import math

import torch

from energyguide.diffusion.schedule import linear_schedule


class Mixture:
    """Gaussians with diagonal covariances, noised by the forward process to any abar.

    Args:
        weights: (class,) probabilities.
        means, variances: (class, 2).
        schedule: of the process whose timesteps the networks are conditioned on; by default DDPM's.
    """

    def __init__(self, weights, means, variances, schedule=None):
        self.weights, self.means, self.variances = (torch.tensor(v, dtype=torch.float64) for v in (weights, means, variances))
        self.classes, self.table = len(weights), (schedule or linear_schedule()).abar

    @property
    def mean(self):
        return self.weights @ self.means

    @property
    def covariance(self):
        centred = self.means - self.mean
        return centred.T @ (self.weights[:, None] * centred) + torch.diag(self.weights @ self.variances)

    def logits(self, x, abar=1.0):
        """log p_t(x, k) + log 2 pi, (batch, class): a time-dependent classifier whose energies are exact."""
        variances = abar * self.variances + 1 - abar
        squares = (x.view(-1, 1, 2) - abar**0.5 * self.means) ** 2 / variances
        return self.weights.log() - (squares + variances.log()).sum(-1) / 2

    def scores(self, x, abar=1.0):
        """Gradients of log p_t(x | k), (batch, class, 2)."""
        return (abar**0.5 * self.means - x.view(-1, 1, 2)) / (abar * self.variances + 1 - abar)

    def score(self, x, abar=1.0, y=None):
        """Gradient of log p_t(x), or of log p_t(x | y), shaped as `x`."""
        scores = self.scores(x, abar)
        if y is None:
            return (self.logits(x, abar).softmax(1)[:, :, None] * scores).sum(1).view_as(x)
        return scores[torch.arange(len(x)), y].view_as(x)

    def unconditional(self, x, t, y=None):
        """The noise in `x`, whatever the class: what an unconditional diffusion model should predict."""
        abar = self.table[t[0]].item()
        return -((1 - abar) ** 0.5) * self.score(x, abar)

    def conditional(self, x, t, y):
        """The noise in `x`, given the class."""
        abar = self.table[t[0]].item()
        return -((1 - abar) ** 0.5) * self.score(x, abar, y)

    def joint(self, x, t, y):
        """The noise in `x` given the class, where class number `classes` means "no class"."""
        known = self.conditional(x, t, y % self.classes)
        return torch.where((y == self.classes).view(-1, 1, 1, 1), self.unconditional(x, t), known)

    def log_densities(self, x):
        """log p(x), (point,), and log p(x | k), (point, class), of points (point, 1, 1, 2)."""
        joint = self.logits(x) - math.log(2 * math.pi)
        return joint.logsumexp(1), joint - self.weights.log()

    def guided(self, x, w, area):
        """The guided conditionals p(x | k) p(k | x)^w, normalised (Ho and Salimans 2022, sec. 3.1).

        Args:
            x: (point, 1, 1, 2), a grid that covers the classes.
            area: of a cell of the grid, by which the integral of each conditional is made 1.

        Returns:
            (point, class) densities.
        """
        logits = self.logits(x)
        guided = (logits - self.weights.log() + w * logits.log_softmax(1)).exp()
        return guided / (guided.sum(0) * area)

    def guided_draws(self, y, w, generator):
        """Exact draws of the guided conditionals of classes `y` (point,), as points (point, 1, 1, 2).

        By rejection: a draw of p(x | y) is kept with probability p(y | x)^w.
        """
        x, left = torch.empty(len(y), 2, dtype=torch.float64), torch.arange(len(y))
        while len(left):
            k = y[left]
            drawn = self.means[k] + self.variances[k].sqrt() * torch.randn(len(k), 2, generator=generator, dtype=torch.float64)
            log_p = self.logits(drawn).log_softmax(1).gather(1, k[:, None])[:, 0]
            kept = torch.rand(len(k), generator=generator, dtype=torch.float64) < (w * log_p).exp()
            x[left[kept]] = drawn[kept]
            left = left[~kept]
        return x.view(-1, 1, 1, 2)


def three_gaussians(schedule=None):
    """One Gaussian at each corner of a triangle, wide enough to overlap."""
    return Mixture([1 / 3] * 3, [[0.0, 0.8], [-0.7, -0.4], [0.7, -0.4]], [[0.16, 0.16]] * 3, schedule)
