import math

import pytest
import torch

from energyguide.classifiers.energy import delta_energy, energy, joint_energy, log_posterior
from energyguide.metrics.distribution import class_statistics, statistics


@pytest.fixture
def point(mixture, generator):
    """x, y, and what is known of the mixture there: p(k | x) and the gradients of all F(x)[k]."""
    x = torch.randn(40, 1, 1, 2, generator=generator, dtype=torch.float64)
    y = torch.arange(40) % 3
    abar = 0.7
    variances = abar * mixture.variances + 1 - abar
    squares = (x.view(-1, 1, 2) - abar**0.5 * mixture.means) ** 2 / variances
    densities = mixture.weights * torch.exp(-squares.sum(-1) / 2) / (2 * math.pi * variances.prod(1).sqrt())
    return x.requires_grad_(), y, abar, densities.detach(), mixture.scores(x, abar).detach()


def pick(values, y):
    return values[torch.arange(len(y)), y]


def test_energies_are_log_densities(mixture, point):
    x, y, abar, densities, _ = point
    logits, constant = mixture.logits(x, abar), math.log(2 * math.pi)
    torch.testing.assert_close(energy(logits), -densities.sum(1).log() - constant, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(joint_energy(logits, y), -pick(densities, y).log() - constant, rtol=1e-12, atol=1e-12)
    posterior = pick(densities, y) / densities.sum(1)
    torch.testing.assert_close(log_posterior(logits, y), posterior.log(), rtol=1e-12, atol=1e-12)


def test_gradients_are_the_formulas(mixture, point):
    """grad E(x,y) = -grad F_y; grad E(x) = -sum_k p(k|x) grad F_k; log p = E(x) - E(x,y); dE follows the sign."""
    x, y, abar, densities, scores = point
    logits, class_energy = mixture.logits(x, abar), torch.tensor([0.5, 2.0, 4.0]).double()
    posterior = densities / densities.sum(1, keepdim=True)
    of_joint, of_all = -pick(scores, y), -(posterior[:, :, None] * scores).sum(1)
    sign = (-densities.sum(1).log() - math.log(2 * math.pi) - class_energy[y]).sign()
    assert len(sign.unique()) == 2
    for value, expected in (
        (joint_energy(logits, y), of_joint),
        (energy(logits), of_all),
        (log_posterior(logits, y), of_all - of_joint),
        (delta_energy(logits, y, class_energy), sign[:, None] * of_all),
    ):
        (gradient,) = torch.autograd.grad(value.sum(), x, retain_graph=True)
        torch.testing.assert_close(gradient.view(-1, 2), expected, rtol=1e-10, atol=1e-10)


def test_large_logits_do_not_overflow():
    logits, y = torch.tensor([[1000.0, 0.0], [-1000.0, -1000.0]]), torch.tensor([1, 0])
    torch.testing.assert_close(energy(logits), torch.tensor([-1000.0, 1000 - math.log(2)]))
    torch.testing.assert_close(log_posterior(logits, y), torch.tensor([-1000.0, -math.log(2)]), rtol=1e-4, atol=0)


def test_statistics_count_everything_once():
    values = torch.arange(101).float()
    found = statistics(values, bins=10)
    assert (found["n"], found["mean"], found["quantiles"]["0.25"]) == (101, 50, 25)
    assert found["std"] == pytest.approx((sum((v - 50) ** 2 for v in range(101)) / 101) ** 0.5)
    assert found["histogram"]["counts"] == [10] * 9 + [11]
    assert statistics(torch.full((4,), 2.0))["histogram"]["counts"] == [4]


def test_class_statistics_share_histograms_and_sum_up(generator):
    logits, y = torch.randn(60, 3, generator=generator), torch.arange(60) % 3
    found = class_statistics(logits, y, ["a", "b", "c"])
    for values in found.values():
        parts = [values["classes"][c]["histogram"] for c in "abc"]
        assert {(p["low"], p["high"]) for p in parts} == {(values["all"]["histogram"]["low"], values["all"]["histogram"]["high"])}
        assert [sum(c) for c in zip(*(p["counts"] for p in parts), strict=True)] == values["all"]["histogram"]["counts"]
    assert found["E(x,y)"]["classes"]["b"]["mean"] == pytest.approx(-logits[1::3, 1].mean().item(), rel=1e-5)
