"""The digits' paper is sane: read from its tables, where `make paper` has built them."""

import csv
from pathlib import Path

import pytest

TABLES = Path(__file__).parents[1] / "results/digits/tables"
pytestmark = pytest.mark.skipif(
    not (TABLES / "scales.csv").exists(), reason="results/digits is not built; `make paper` builds it"
)


def rows(name):
    with open(TABLES / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_robust_classifiers_are_robust_and_the_plain_one_is_not():
    accuracy = {(float(r["eps_train"]), float(r["eps_test"])): float(r["accuracy"]) for r in rows("robustness")}
    assert accuracy[0, 0] > 0.97
    assert min(accuracy[eps, 0.5] for eps in (0.25, 0.5, 1)) > accuracy[0, 0.5] + 0.2


def test_samples_of_models_that_are_given_the_class_show_it():
    accuracy = {r["variant"]: float(r["accuracy"]) for r in rows("summary")}
    assert accuracy["conditional"] >= 0.95 and accuracy["joint-model"] >= 0.95
    assert accuracy["ddpm"] < 0.2  # it is not told the class


def test_class_accuracy_rises_with_the_scale_until_it_breaks():
    guided = {}
    for r in rows("scales"):
        if r["unit"]:
            guided.setdefault(r["variant"], []).append((float(r["accuracy"]), float(r["accuracy_std"])))
    assert len(guided) == 14
    for name, line in guided.items():
        peak = max(range(len(line)), key=lambda i: line[i][0])
        steps = zip(line[:peak], line[1 : peak + 1], strict=True)
        assert all(after >= before - spread - more for (before, spread), (after, more) in steps), name
        assert line[peak][0] > 0.6, name


def test_the_term_in_the_energy_brings_it_closer_to_the_training_images():
    divergence = {(r["variant"], r["strength"]): float(r["energy_divergence"]) for r in rows("scales")}
    shared = [strength for variant, strength in divergence if variant == "joint-energy"]
    closer = [divergence["joint-energy", s] < divergence["energy-sigmoid", s] for s in shared]
    assert sum(closer) > len(closer) / 2


def test_real_images_are_the_floor_of_unconditional_samples():
    fid = {r["sampler"]: float(r["fid"]) for r in rows("unconditional")}
    assert 0 < fid["real images"] < fid["ddpm"] < 10


def test_training_longer_lowers_the_fid():
    fid = {int(r["iterations"]): float(r["fid"]) for r in rows("time_iterations")}
    assert len(fid) == 4 and list(fid.values()) == sorted(fid.values(), reverse=True)


def test_every_threat_model_guides():
    assert len(rows("time_threats")) == 4 and all(float(r["fid"]) < 3 for r in rows("time_threats"))


def test_classifier_free_guidance_trades_recall_for_precision():
    measured = {float(r["w"]): r for r in rows("classifier_free")}
    assert len(measured) == 6
    assert float(measured[4]["recall"]) < float(measured[0]["recall"]) - 0.1
    assert float(measured[1]["precision"]) > float(measured[0]["precision"])  # beyond, it saturates and falls again
