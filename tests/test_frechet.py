import numpy as np
import pytest
import torch
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric

from energyguide.metrics import extrapolation
from energyguide.metrics.extrapolation import Sums, fid_infinity
from energyguide.metrics.frechet import Gaussian, frechet, moments

SIZE, CLASSES = 32, 10
SPREAD, SHIFT = np.linspace(0.5, 1.5, SIZE), 0.2
STANDARD = Gaussian(np.zeros(SIZE), np.eye(SIZE))
TRUTH = ((SPREAD - 1) ** 2).sum() + SIZE * SHIFT**2


def drawn(sets, seed=0, images=100):
    """Sets of features of a Gaussian whose distance from STANDARD is TRUTH."""
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(SHIFT + SPREAD * rng.normal(size=(images, SIZE))) for _ in range(sets)]


def labelled(sets):
    return [np.arange(len(features)) % CLASSES for features in sets]


@pytest.mark.parametrize("images", [20, 300])  # fewer than features, too
def test_distance_is_that_of_torch_fidelity(images):
    x, y = drawn(1, 1, images)[0], drawn(1, 2, 400)[0] * 1.5
    theirs = fid_statistics_to_metric(*map(fid_features_to_statistics, (x, y)), verbose=False)[KEY_METRIC_FID]
    assert frechet(moments(x), moments(y)) == pytest.approx(theirs, rel=1e-6)


def test_sums_of_sets_have_the_moments_of_all_and_of_the_rest():
    first, second = drawn(2)
    total, both = Sums.of(first) + Sums.of(second), moments(torch.cat([first, second]))
    for sums, expected in ((total, both), (total - Sums.of(second), moments(first))):
        np.testing.assert_allclose(sums.moments.mu, expected.mu, rtol=1e-9)
        np.testing.assert_allclose(sums.moments.sigma, expected.sigma, rtol=1e-9, atol=1e-12)


def test_extrapolation_finds_the_distance_that_few_images_overstate():
    estimates, few = [], []
    for seed in range(12):
        sets = drawn(5, seed)
        values = fid_infinity(sets, labelled(sets), STANDARD)
        assert len(values) == 5
        estimates.append((np.mean(values), np.std(values, ddof=1) / 5**0.5))
        few += [frechet(moments(features), STANDARD) for features in sets]
    means, errors = np.transpose(estimates)
    assert abs(means.mean() - TRUTH) < 3 * means.std() / len(means) ** 0.5
    assert np.mean(few) > 1.5 * TRUTH
    assert 0.5 < errors.mean() / means.std(ddof=1) < 2  # the error that a run states is the spread between runs


def test_a_line_in_one_over_n_is_read_off_at_infinity(monkeypatch):
    """Of sets whose distance is exactly 3 + 50 / n: each pseudo-value is 3; subsets have each class in the same share."""
    counts = []

    def distance(first, reference):
        counts.append(first.sigma.sum())
        return 3 + 50 / first.sigma.sum()

    monkeypatch.setattr(Sums, "moments", property(lambda sums: Gaussian(sums.first, np.diag(sums.second.diagonal()))))
    monkeypatch.setattr(extrapolation, "frechet", distance)
    sets = [torch.eye(CLASSES)[labels] for labels in labelled(drawn(3, images=2000))]
    assert fid_infinity(sets, labelled(sets), None) == pytest.approx([3, 3, 3])
    assert fid_infinity(sets[:1], labelled(sets[:1]), None) == pytest.approx([3])
    assert counts[0] == 6000 and counts[extrapolation.SUBSETS - 1] == 3000
    steps = np.diff(1 / np.array(counts[: extrapolation.SUBSETS]))
    assert steps.max() < 1.3 * steps.min()
