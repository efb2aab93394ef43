"""What may be said of numbers with uncertainty: against scipy, and how often claims are wrong where nothing differs."""

import numpy as np
import pytest
from scipy import stats

from energyguide.metrics.scales import join
from energyguide.metrics.statistics import ALPHA, Difference, Number, holm, verdicts

FAMILIES = 4000


def at_most(claims, share=ALPHA):
    """Whether so many claims are no more than a share of FAMILIES, but for the luck of three standard errors."""
    return claims / FAMILIES <= share + 3 * (share * (1 - share) / FAMILIES) ** 0.5


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_number_has_the_standard_deviation_of_its_sets():
    assert Number.of([1.0, 3.0]) == Number(2.0, 2**0.5)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_differences_are_those_of_the_paired_t_test(rng, n):
    a, b = rng.normal(size=(2, n))
    found, peer = Difference.of(a, b), stats.ttest_rel(a, b)
    low, high = peer.confidence_interval()
    assert np.allclose([found.p, found.mean - found.margin, found.mean + found.margin], [peer.pvalue, low, high])


def test_means_of_many_draws_are_compared_by_a_normal_test():
    found, width = Difference.of_means((3.0, 0.3), (2.0, 0.4)), stats.norm.ppf(0.975) * 0.5
    assert np.allclose([found.mean, found.margin, found.p], [1, width, 2 * stats.norm.sf(2)])


def test_what_no_test_can_tell():
    assert Difference.of([1], [2]) == Difference(-1, np.inf, 1)
    assert Difference.of([1, 2], [1, 2]).p == 1 and Difference.of([2, 3], [1, 2]).p == 0
    assert verdicts({}) == {} and verdicts({"alone": ([3.0], [1.0])}) == {"alone": 0}
    with pytest.raises(ValueError, match="3 and 2 sets cannot be paired"):
        Difference.of([1, 2, 3], [1, 2])


def test_holm_goes_on_from_the_smallest_until_one_stays():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == [True, False, False, True]  # .03 against .05 / 2
    assert holm([0.02, 0.026, 0.05]).tolist() == [False] * 3  # the smallest already is above .05 / 3
    assert holm([0.04]).tolist() == [True]


@pytest.mark.parametrize(("sets", "shared"), [(5, 0), (5, 0.9), (3, 0.9)])
def test_a_family_claims_a_difference_where_there_is_none_in_at_most_one_case_of_twenty(rng, sets, shared):
    """Six variants against one, whose sets share noise; single tests would claim something in a fifth of the families."""
    claims = single = 0
    for _ in range(FAMILIES):
        base, *variants = shared**0.5 * rng.normal(size=sets) + (1 - shared) ** 0.5 * rng.normal(size=(7, sets))
        pairs = {i: (variant, base) for i, variant in enumerate(variants)}
        claims += any(verdicts(pairs).values())
        single += any(Difference.of(*pair).p <= ALPHA for pair in pairs.values())
    assert at_most(claims) and not at_most(single)


def test_the_best_of_many_chosen_on_another_set_claims_no_more(rng):
    """And chosen on the sets that it is reported on, it claims too much."""
    fair = unfair = 0
    for _ in range(FAMILIES):
        base, *variants = rng.normal(size=(11, 6))
        chosen, greedy = min(variants, key=lambda v: v[0]), min(variants, key=lambda v: v[1:].mean())
        fair += any(verdicts({"best": (chosen[1:], base[1:])}).values())
        unfair += any(verdicts({"best": (greedy[1:], base[1:])}).values())
    assert at_most(fair) and not at_most(unfair)


def test_shared_noise_lets_small_differences_be_told(rng):
    """Half a standard deviation between sets of which nine tenths are shared, five times: seen by pairs, not without."""
    paired = apart = 0
    for _ in range(500):
        a, b = 0.9**0.5 * rng.normal(size=5) + 0.1**0.5 * rng.normal(size=(2, 5))
        paired += verdicts({"": (a + 1, b)})[""] == 1
        apart += stats.ttest_ind(a + 1, b).pvalue <= ALPHA
    assert paired > 0.9 * 500 > 2.5 * apart


def test_the_best_scale_is_chosen_by_the_first_set_alone():
    """Files as the rule `metrics` writes them; what diverged is the best only where all did."""
    found = {"16": {"choice": 3.0, "fid": [1]}, "1": {"choice": 5.0, "fid": [9]}, "4": {"choice": 2.0, "fid": [9]}}
    parts = [{"evaluations": [5, i], "scales": {scale: result}} for i, (scale, result) in enumerate(found.items())]
    joined = join(parts)
    assert list(joined["scales"]) == ["1", "4", "16"] and joined["best"] == 4 and joined["evaluations"] == [5, 2]
    lost = {"diverged": {"count": 1, "of": 9, "step": 0}}
    parts[2]["scales"]["4"] = lost
    assert join(parts)["best"] == 16
    assert join([{**part, "scales": dict.fromkeys(part["scales"], lost)} for part in parts])["best"] == 1
