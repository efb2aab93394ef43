"""The guided densities of three Gaussians: the figure that shows them is checked here."""

import pytest
import torch

from energyguide.diffusion.schedule import linear_schedule
from energyguide.studies.densities import BINS, RANGE, distance, exact, sampled
from energyguide.studies.mixture import three_gaussians

AREA = (2 * RANGE / BINS) ** 2
COUNT = 6000


def spread_of_draws(density, generator):
    """The distance of a histogram of COUNT draws from the density itself."""
    counts = torch.multinomial(density.flatten(), COUNT, replacement=True, generator=generator).bincount(minlength=BINS**2)
    return distance(counts.view(BINS, BINS) / COUNT / AREA, density)


@pytest.fixture(scope="module")
def densities():
    mixture = three_gaussians()
    return {w: (exact(mixture, w), sampled(mixture, linear_schedule(), w, COUNT, 100, seed=0)) for w in (0, 1, 3)}


def test_closed_forms_are_densities_and_unguided_it_is_the_mixture(densities):
    for closed, drawn in densities.values():
        assert closed.sum().item() * AREA == pytest.approx(1, abs=1e-3)
        assert drawn.sum().item() * AREA == pytest.approx(1, abs=2e-3)
    mixture, centre = three_gaussians(), BINS // 2
    at = torch.tensor([[-RANGE + (i + 0.5) * 2 * RANGE / BINS for i in (centre, centre)]]).double().view(1, 1, 1, 2)
    expected = mixture.logits(at).logsumexp(1).exp().item() / (2 * torch.pi)
    assert densities[0][0][centre, centre].item() == pytest.approx(expected, rel=1e-3)


def test_without_guidance_the_sampler_draws_the_closed_form(densities, generator):
    closed, drawn = densities[0]
    assert distance(drawn, closed) < spread_of_draws(closed, generator) + 0.03


@pytest.mark.parametrize("w", [1, 3])
def test_with_guidance_it_follows_the_closed_form_away_from_the_other_classes(densities, generator, w):
    """It comes nearer to the closed form of its own weight than to the unguided one; equal they need not be."""
    closed, drawn = densities[w]
    assert distance(drawn, closed) < distance(drawn, densities[0][0])
    assert distance(drawn, closed) > spread_of_draws(closed, generator) + 0.05
    inside = (slice(BINS // 2 - 3, BINS // 2 + 3),) * 2  # between the three, where no class is sure
    assert drawn[inside].sum() < 0.8 * densities[0][1][inside].sum()
    assert closed[inside].sum() < 0.8 * densities[0][0][inside].sum()


def test_the_mixture_knows_the_process_that_it_is_sampled_by():
    """Another schedule than DDPM's: the noise at a timestep is that of its own abar."""
    schedule = linear_schedule(100, 0.001, 0.2)
    mixture, x = three_gaussians(schedule), torch.randn(5, 1, 1, 2).double()
    abar = schedule.abar[60].item()
    expected = -((1 - abar) ** 0.5) * mixture.score(x, abar)
    torch.testing.assert_close(mixture.unconditional(x, torch.full((5,), 60)), expected)
