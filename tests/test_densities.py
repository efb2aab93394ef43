"""The guided densities of three Gaussians: the figure that shows them is checked here."""

import math

import pytest
import torch

from energyguide.diffusion.schedule import linear_schedule
from energyguide.studies.densities import (
    BINS,
    NULLS,
    RANGE,
    distance,
    exact,
    exact_likelihoods,
    guided_densities,
    histogram,
    likelihoods,
    null,
    sampled,
)
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
    drawn = {w: histogram(sampled(mixture, linear_schedule(), w, COUNT, 100, seed=0)) for w in (0, 1, 3)}
    return {w: (exact(mixture, w), drawn[w]) for w in drawn}


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


@pytest.mark.parametrize("w", [0, 3])
def test_exact_draws_are_as_far_from_the_closed_form_as_draws_of_its_cells(generator, w):
    """Two ways to draw: by rejection, and a cell at a time; no nearer to the density of another weight."""
    mixture, closed = three_gaussians(), exact(three_gaussians(), w)
    distances = torch.tensor(null(mixture, w, COUNT, seed=0), dtype=torch.float64)
    of_cells = torch.tensor([spread_of_draws(closed, generator) for _ in range(NULLS)])
    error = (distances.var() / NULLS + of_cells.var() / NULLS).sqrt()
    assert (distances.mean() - of_cells.mean()).abs() < 4 * error < 0.01
    assert distances.tolist() == null(mixture, w, COUNT, seed=0) != null(mixture, w, COUNT, seed=1)
    other = histogram(mixture.guided_draws(torch.arange(COUNT) % 3, 3 - w, generator))
    assert distance(other, closed) > distances.max() + 0.03


def test_the_likelihood_of_guided_points_is_that_of_exact_draws(generator):
    """Without guidance it is the entropy of one of the Gaussians; it is a sum over cells, or a mean over draws."""
    mixture, y = three_gaussians(), torch.arange(50_000) % 3
    entropy = math.log(2 * math.pi * 0.16) + 1
    assert exact_likelihoods(mixture, 0)[1] == pytest.approx(-entropy, abs=1e-4)  # some lies beyond the cells
    for w in (0, 3):
        found = likelihoods(mixture, mixture.guided_draws(y, w, generator))
        for (mean, error), expected in zip(found, exact_likelihoods(mixture, w), strict=True):
            assert abs(mean - expected) < 4 * error < 0.03


def test_each_weight_has_its_distance_the_null_of_that_and_its_likelihoods():
    arrays, found = guided_densities({"steps": 1000, "beta_start": 1e-4, "beta_end": 0.02}, [0, 2.5], 300, 5, seed=0)
    assert {*arrays} == {f"{kind} {w}" for kind in ("exact", "sampled") for w in ("0", "2.5")}
    assert all({*values} == {"0", "2.5"} for values in found.values())
    for w in ("0", "2.5"):
        closed, drawn = (torch.from_numpy(arrays[f"{kind} {w}"]) for kind in ("exact", "sampled"))
        assert found["distances"][w] == distance(closed, drawn) and len(found["nulls"][w]) == NULLS


def test_the_mixture_knows_the_process_that_it_is_sampled_by():
    """Another schedule than DDPM's: the noise at a timestep is that of its own abar."""
    schedule = linear_schedule(100, 0.001, 0.2)
    mixture, x = three_gaussians(schedule), torch.randn(5, 1, 1, 2).double()
    abar = schedule.abar[60].item()
    expected = -((1 - abar) ** 0.5) * mixture.score(x, abar)
    torch.testing.assert_close(mixture.unconditional(x, torch.full((5,), 60)), expected)
