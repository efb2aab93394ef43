from fractions import Fraction

import pytest
import torch

from energyguide.diffusion.schedule import linear_schedule, respace
from energyguide.diffusion.spacing import kept_timesteps

FULL = linear_schedule()


def test_linear_betas_and_their_product():
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    torch.testing.assert_close(FULL.betas, betas, rtol=1e-10, atol=0)
    torch.testing.assert_close(FULL.abar, torch.cumsum(torch.log1p(-betas), 0).exp(), rtol=1e-10, atol=0)
    assert FULL.timesteps.tolist() == list(range(1000))


@pytest.mark.parametrize(
    "spacing, steps", [("uniform", 1000), ("uniform", 50), ("uniform", 7), ("quadratic", 20), ("uniform", 1)]
)
def test_respacing_keeps_abar_at_the_kept_timesteps(spacing, steps):
    kept = respace(FULL, steps, spacing)
    assert len(kept) == steps and kept.timesteps[0] == 0
    assert (kept.timesteps.diff() > 0).all()
    assert torch.equal(kept.abar, FULL.abar[kept.timesteps])
    torch.testing.assert_close((1 - kept.betas).cumprod(0), kept.abar)


def test_spacings_are_those_of_ddim():
    assert respace(FULL, 50).timesteps.tolist() == list(range(0, 1000, 20))
    quadratic = respace(FULL, 20, "quadratic").timesteps
    assert quadratic.tolist() == [*(int((i * 800**0.5 / 19) ** 2) for i in range(19)), 800]


def same_as_torch(total, every):
    """Whether the kept timesteps are those of torch's floats, for each number of steps."""
    for steps in range(1, total + 1, every):
        i = torch.arange(steps, dtype=torch.float64)
        if kept_timesteps(total, steps) != (i * total / steps).long().tolist():
            return False
        if kept_timesteps(total, steps, "trailing") != (((i + 1) * total / steps).long() - 1).tolist():
            return False
    return True


def test_spacings_in_whole_numbers_are_those_of_torch():
    assert all(same_as_torch(total, 1) for total in range(1, 301))
    assert all(same_as_torch(total, every) for total, every in ((1000, 1), (1024, 7), (4000, 61), (9973, 997)))


def exact(total, steps):
    """The squares of evenly spaced numbers up to 80 % of the way, rounded down, in fractions; None where two are the same."""
    chosen = [int(Fraction(4, 5) * total * Fraction(i, max(1, steps - 1)) ** 2) for i in range(steps)]
    return chosen if len(set(chosen)) == steps else None


def test_quadratic_spacing_is_exact():
    """Where the formula gives a whole number floats may fall just below it: 0.8 * 1000 * (7 / 10) ** 2 is 391.999..."""
    assert kept_timesteps(1000, 11, "quadratic") == [8 * i**2 for i in range(11)]
    for total in (*range(1, 301, 7), 1000, 4000):
        for steps in range(1, min(total, 60) + 1):
            if expected := exact(total, steps):
                assert kept_timesteps(total, steps, "quadratic") == expected
            else:
                with pytest.raises(ValueError, match="do not fit"):
                    kept_timesteps(total, steps, "quadratic")


@pytest.mark.parametrize("steps, spacing", [(1001, "uniform"), (500, "quadratic"), (10, "cubic")])
def test_impossible_respacing_says_so(steps, spacing):
    with pytest.raises(ValueError, match="steps|spacing"):
        respace(FULL, steps, spacing)


@pytest.mark.parametrize("steps", [1000, 10])
def test_posterior_variance_is_that_of_two_gaussians(steps):
    """q(x_{t-1} | x_t, x_0) by Bayes: precisions of the prior N(., 1 - abar_prev) and of the step N(., beta) add up."""
    schedule = respace(FULL, steps)
    beta, prior = schedule.betas[1:], 1 - schedule.abar_prev[1:]
    bayes = 1 / (1 / prior + (1 - beta) / beta)
    torch.testing.assert_close(schedule.posterior_variance[1:], bayes, rtol=1e-9, atol=0)
    assert schedule.posterior_variance[0] == 0
    torch.testing.assert_close(schedule.sigma("small") ** 2, schedule.posterior_variance)
    torch.testing.assert_close(schedule.sigma("large") ** 2, schedule.betas)


def test_adding_noise_is_the_closed_form_of_single_steps(generator):
    """The mean factor and variance after t steps of x <- sqrt(1 - beta) x + sqrt(beta) z."""
    t = torch.tensor([0, 3, 9])
    mean, variance, expected = 1.0, 0.0, []
    schedule = respace(FULL, 10)
    for beta in schedule.betas.tolist():
        mean, variance = mean * (1 - beta) ** 0.5, variance * (1 - beta) + beta
        expected.append((mean, variance**0.5))
    x0, eps = torch.randn(2, 3, 1, 2, 2, generator=generator, dtype=torch.float64)
    x_t = schedule.add_noise(x0, t, eps)
    for i, k in enumerate(t.tolist()):
        torch.testing.assert_close(x_t[i], expected[k][0] * x0[i] + expected[k][1] * eps[i], rtol=1e-9, atol=1e-12)
