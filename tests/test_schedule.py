import pytest
import torch

from energyguide.diffusion.schedule import linear_schedule, respace

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
    assert quadratic.tolist() == [int((i * 800**0.5 / 19) ** 2) for i in range(19)] + [quadratic[-1]]
    assert 799 <= quadratic[-1] <= 800


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
