"""The summary table, computed anew from the saved samples and weights without the package."""

import pytest
from recompute import COLUMNS, differences


def test_every_number_of_the_summary_follows_from_the_saved_samples_alone(built):
    found = differences(built / "results/tiny", variants=["ddpm", "energy-sigmoid", "classifier-free"])
    assert len(found) == 3 * len(COLUMNS)
    for name, (printed, computed) in found.items():
        assert computed == pytest.approx(printed, rel=1e-4, abs=1e-5), name
