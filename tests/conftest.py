"""What the tests share: one thread, and a world whose noise, posterior and energies are known in closed form."""

import pytest
import torch

from energyguide.schedule import linear_schedule

torch.set_num_threads(1)


class Mixture:
    """Three Gaussians on images of two pixels (batch, 1, 1, 2), in float64, in place of all networks.

    Its energies are exact at any noise level: F(x)[k] = log p_t(x, k) up to a constant.
    """

    weights = torch.tensor([0.5, 0.3, 0.2]).double()
    means = torch.tensor([[-1.0, 0.5], [0.8, 0.9], [0.4, -1.2]]).double()
    variances = torch.tensor([[0.04, 0.09], [0.16, 0.01], [0.25, 0.09]]).double()

    def __init__(self):
        self.table = linear_schedule().abar
        self.abar = 1.0  # of the last call of `network`: what a time-dependent classifier would be told

    @property
    def mean(self):
        return self.weights @ self.means

    @property
    def covariance(self):
        centred = self.means - self.mean
        return centred.T @ (self.weights[:, None] * centred) + torch.diag(self.weights @ self.variances)

    def scores(self, x, abar):
        """Gradients of all F(x)[k], (batch, class, 2)."""
        return (abar**0.5 * self.means - x.view(-1, 1, 2)) / (abar * self.variances + 1 - abar)

    def logits(self, x, abar=None):
        abar = self.abar if abar is None else abar
        variances = abar * self.variances + 1 - abar
        squares = (x.view(-1, 1, 2) - abar**0.5 * self.means) ** 2 / variances
        return self.weights.log() - (squares + variances.log()).sum(-1) / 2

    def score(self, x, abar, y=None):
        """Gradient of log p_t(x), or of log p_t(x | y)."""
        scores = self.scores(x, abar)
        if y is None:
            return (self.logits(x, abar).softmax(1)[:, :, None] * scores).sum(1).view_as(x)
        return scores[torch.arange(len(x)), y].view_as(x)

    def network(self, x, t, y):
        """The noise in `x`, whatever the class."""
        self.abar = self.table[t[0]].item()
        return -((1 - self.abar) ** 0.5) * self.score(x, self.abar)

    def conditional(self, x, t, y):
        self.abar = self.table[t[0]].item()
        return -((1 - self.abar) ** 0.5) * self.score(x, self.abar, y)


@pytest.fixture
def mixture():
    return Mixture()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)
