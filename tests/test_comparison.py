"""Two files of measurements side by side: what differs by more than chance."""

import math

import numpy as np
import pytest
from scipy import stats

from energyguide.metrics.comparison import Measured as M
from energyguide.metrics.comparison import compare, half_interval, numbers, summary


def measured(seed=0, shift=0.0, sets=5, variants=("ddpm", "free")):
    """A file as the rule `measured` writes it, with 20 measures of each variant."""
    rng = np.random.default_rng(seed)
    attack = {"eps_train": 0.5, "protocol": {"attack": "PGD-20", "n": 359}, "accuracy": {"0.5": 0.75}}
    scales = {
        name: {
            "0": {**{f"m{i}": (shift + rng.normal(size=sets)).tolist() for i in range(20)}, "seconds_per_image": [seed, 1.0]},
            "9": {"diverged": {"count": 1}},
        }
        for name in variants
    }
    return {"robustness": [attack], "autoattack": [], "samples": {name: {"scales": found} for name, found in scales.items()}}


def test_numbers_are_those_with_an_uncertainty_and_no_times():
    found = numbers(measured())
    assert len(found) == 1 + 2 * 20 and not any("seconds" in name or "at 9" in name for name in found)
    share = found["accuracy under PGD-20, eps-train 0.5, eps-test 0.5"]
    assert (share.mean, share.error) == (0.75, pytest.approx((0.75 * 0.25 / 359) ** 0.5))


@pytest.mark.parametrize(("n", "m"), [(5, 5), (2, 9)])
def test_the_interval_of_a_difference_is_welch_s(n, m):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=n), rng.normal(0, 3, size=m)
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert half_interval(M.of_sets(a), M.of_sets(b)) == pytest.approx((high - low) / 2)
    normal = 1.959964 * (2 * 0.25 / 100) ** 0.5
    assert half_interval(*[M.of_share(0.5, 100)] * 2) == pytest.approx(normal, rel=1e-6)


def test_a_run_agrees_with_itself_and_nearly_always_with_one_of_another_seed():
    rows = compare(measured(), measured())
    assert summary(rows) == "41 of 41 numbers agree within their 95 % intervals" and all(row["units"] == 0 for row in rows)
    agreed = sum(row["state"] == "agrees" for seed in range(25) for row in compare(measured(seed), measured(100 + seed)))
    assert 0.92 < agreed / (25 * 41) < 0.98


def test_what_differs_comes_first_and_what_only_one_has_is_named():
    ours, theirs = measured(variants=("ddpm", "new")), measured(shift=5, variants=("ddpm", "gone"))
    ours["robustness"][0]["accuracy"]["0.5"] = 0.2
    rows = compare(ours, theirs)
    assert [row["state"] for row in rows[:21]] == ["differs"] * 21 and rows[0]["units"] < rows[20]["units"] < -1
    assert summary(rows) == "0 of 21 numbers agree within their 95 % intervals; 20 only here; 20 only there"


def test_numbers_without_spread_agree_where_they_are_equal():
    files = [measured() for _ in range(2)]
    for file, last in zip(files, (1.0, 1.1), strict=True):
        file["samples"]["ddpm"]["scales"]["0"] = {"same": [2.0, 2.0], "other": [last, last]}
        file["samples"].pop("free")
    rows = {row["number"]: row for row in compare(*files)}
    assert rows["same of ddpm at 0"]["units"] == 0 and rows["other of ddpm at 0"]["units"] == -math.inf
