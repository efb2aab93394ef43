"""Time-dependent classifiers in tables, sentences and figures, from measurements made up for the purpose."""

from types import SimpleNamespace

import numpy as np
import pytest
from measurements import (
    CLASSES,
    COMPARED,
    LABELS,
    LOST,
    THREATS,
    TIME,
    VERDICTS,
    first_shard,
    grid,
    measure,
    nothing_stays_open,  # noqa: F401
    pm,
    publish,
    random_images,
    records,
    rows,
    systems,
    write,
)

from energyguide.files.arrays import save_arrays
from energyguide.reporting.topics import time_classifiers


def test_the_compared_guidances_stand_at_their_best_scales_over_the_reported_ones(tmp_path):
    files = measure(
        tmp_path,
        {"plain": {0: {"fid": 6, "recall": 0.7}}, "van": {1: {"fid": 4}, 2: {"fid": 3}}, "rob": {1: {"fid": 2}, 2: {"fid": 4}}},
    )
    published = publish(tmp_path, "time_quality,robust,fid,2.85", "time_quality,robust,precision,0.82")
    inputs = SimpleNamespace(metrics=files, published=published)
    table = time_classifiers.table_time_quality(inputs, SimpleNamespace(published="cifar10", compared=TIME, variants=LABELS))
    assert rows(table)[1:] == [
        ["Plain", "--", pm(0.5), pm(0.7), pm(6), pm(2), pm(50, 1)],
        ["Van", "2", pm(0.5), pm(0.5), pm(3), pm(2), pm(50, 1)],
        ["Rob", "1", pm(0.5), pm(0.5), pm(2), pm(2), pm(50, 1)],
        [r"\quad reported, Some data", "", "0.82", "--", "2.85", "--", "--"],
    ]
    assert [r["fid_reported"] for r in records(table)] == ["", "", "2.85"]


def test_iterations_have_the_reported_number_below_their_own(tmp_path):
    steps = {"plain@50": 50, "plain@50000": 50000, "plain": 800000}
    files = measure(tmp_path, {name: {0: {"fid": fid}} for name, fid in zip(steps, (9, 3, 4), strict=True)})
    inputs = SimpleNamespace(metrics=files, published=publish(tmp_path, "time_iterations,fid,50000,7.67"))
    table = time_classifiers.table_time_iterations(inputs, SimpleNamespace(published="cifar10", steps=steps))
    assert rows(table) == [
        ["Iterations", "50", "50,000", "800,000"],
        ["FID", pm(9), pm(3), pm(4)],
        [r"\quad reported, Some data", "--", "7.67", "--"],
    ]
    assert [(r["iterations"], r["fid"], r["fid_reported"]) for r in records(table)][1] == ("50000", "3.0", "7.67")


def test_threats_stand_by_ball_and_steps_the_least_fid_bold_and_the_reported_in_brackets(tmp_path):
    fid = dict(zip(THREATS, (4, 5, 3, 6), strict=True))
    files = measure(tmp_path, {name: {1: {"fid": 1}, 2: {"fid": value}} for name, value in fid.items()})
    published = publish(tmp_path, "time_threats,l2-0.5,7,7.60", "time_threats,linf-4/255,5,7.61", "time_threats,l2-4/255,7,1.23")
    inputs = SimpleNamespace(metrics=files, published=published)
    table = time_classifiers.table_time_threats(inputs, SimpleNamespace(published="cifar10", scale=2, threats=THREATS))
    assert rows(table) == [
        ["Threat model", "5 steps", "7 steps"],
        [r"$\|\boldsymbol{\delta}\|_2 \le 0.5$", pm(5), f"{pm(4)} (7.60)"],
        [r"$\|\boldsymbol{\delta}\|_\infty \le 4/255$", rf"\boldmath{pm(3)} (7.61)", pm(6)],
    ]
    found = {(r["norm"], r["eps"], r["steps"]): (r["fid"], r["fid_reported"]) for r in records(table)}
    assert found["linf", "4/255", "5"] == ("3.0", "7.61") and found["linf", "4/255", "7"] == ("6.0", "")


def test_the_tables_by_scale_begin_with_the_unguided_model_and_have_the_scales_of_both(tmp_path):
    files = measure(
        tmp_path,
        {
            "plain": {0: {"fid": 6, "recall": 0.8}},
            "van": {0.5: {"fid": 5, "recall": 0.6}, 2: {"fid": 4, "recall": 0.4}},
            "rob": {2: {"fid": 3, "recall": 0.3}, 10: {"fid": 7, "recall": 0.2}},
        },
    )
    published = publish(tmp_path, "time_scales,robust fid,2,7.58", "time_precision,vanilla recall,0,0.65")
    inputs, params = SimpleNamespace(metrics=files, published=published), SimpleNamespace(published="cifar10", compared=TIME)
    table = time_classifiers.table_time_scales(inputs, params)
    assert rows(table) == [
        ["", "$s = 0$", "$s = 0.5$", "$s = 2$", "$s = 10$"],
        ["Vanilla, FID", pm(6), pm(5), pm(4), "--"],
        ["Robust, FID", pm(6), "--", pm(3), pm(7)],
        [r"\quad reported, Some data", "--", "--", "7.58", "--"],
    ]
    assert [r["reported"] for r in records(table)] == ["", "", "", "", "7.58", ""]
    assert rows(time_classifiers.table_time_precision(inputs, params))[1:] == [
        ["Vanilla, P", pm(0.5), pm(0.5), pm(0.5), "--"],
        ["Vanilla, R", pm(0.8), pm(0.6), pm(0.4), "--"],
        [r"\quad reported, Some data", "0.65", "--", "--", "--"],
        ["Robust, P", pm(0.5), "--", pm(0.5), pm(0.5)],
        ["Robust, R", pm(0.8), "--", pm(0.3), pm(0.2)],
    ]


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_the_sentence_on_the_robust_classifier_compares_it_with_either(tmp_path, more, verdict):
    def say(**robust):
        return time_classifiers.numbers_time_dependent(systems(tmp_path, van={4: {}}, rob={2: robust}), COMPARED)[
            "sayTimeQuality"
        ]

    assert f"FID with the robust classifier is {verdict} ({pm(5 + more)} at $s=2$, against {pm(5)} at $s=4$" in say(fid=5 + more)
    assert f"against the unguided model ({pm(5)}) its FID is {verdict}." in say(fid=5 + more)
    assert f"its precision is {verdict} and its recall not distinguishable" in say(precision=0.5 + more / 5)
    assert f"and its recall {verdict};" in say(recall=0.5 + more / 5)


def test_the_sentence_on_scales_counts_those_that_both_have_and_follows_the_line_to_its_end(tmp_path):
    said = time_classifiers.numbers_time_dependent(
        systems(
            tmp_path,
            van={1: {"fid": 4}, 2: {"fid": 4}, 3: {"precision": 0.7, "recall": 0.4}},
            rob={1: {"fid": 3}, 2: {"fid": 6}, 3: {"fid": 4}, 4: {"fid": 1, "recall": 0.9}, 8: {"precision": 0.2}},
        ),
        COMPARED,
    )["sayTimeScales"]
    assert "the lower mean FID at 2 of 3." in said
    assert "with the vanilla classifier precision goes up (0.50 to 0.70) and recall down (0.50 to 0.40)" in said
    assert "with the robust classifier precision goes down (0.50 to 0.20) and recall neither measurably up nor down" in said


@pytest.mark.parametrize(
    ("fids", "said"),
    [
        ((6, 5, 4), "least at the end of its training (4.00)."),
        ((6, 4, 5), "least after 2,000 iterations (4.00); at the end of the training, after 3,000, it is above that (5.00)."),
        ((4, 6, 4), "least after 1,000 iterations (4.00); at the end of the training, after 3,000, it is not distinguishable"),
    ],
)
def test_the_sentence_on_iterations_says_where_the_fid_is_least(tmp_path, fids, said):
    snapshots = {"plain@1000": 1000, "plain@2000": 2000, "plain": 3000}
    files = measure(tmp_path, {name: {0: {"fid": fid}} for name, fid in zip(snapshots, fids, strict=True)})
    params = SimpleNamespace(snapshots=snapshots)
    assert said in time_classifiers.numbers_iterations(SimpleNamespace(metrics=files), params)["sayTimeIterations"]


@pytest.mark.parametrize(
    ("fids", "said"),
    [
        ((5, 6, 4, 5), "between 4.00 and 6.00; of their 6 pairs, 5 can be told apart"),
        ((5, 5, 5, 5), "between 5.00 and 5.00; of their 6 pairs, none can be told apart"),
    ],
)
def test_the_sentence_on_threats_says_how_many_differ(tmp_path, fids, said):
    files = measure(tmp_path, {name: {1: {"fid": 0.5}, 2: {"fid": fid}} for name, fid in zip(THREATS, fids, strict=True)})
    files += measure(tmp_path, {"plain": {0: {"fid": 4.5}}})
    found = time_classifiers.numbers_threats(SimpleNamespace(metrics=files), COMPARED)["sayTimeThreats"]
    assert said in found
    lower = sum(fid < 4.5 for fid in fids)
    assert f"unguided (4.50), {lower or 'none'} can be told to be lower and {4 - lower} higher." in found


def test_the_sentence_on_threats_leaves_out_those_that_diverged(tmp_path):
    files = measure(
        tmp_path, {"plain": {0: {"fid": 4.5}}, **{name: {2: {"fid": 3} if name == "rob+a" else LOST} for name in THREATS}}
    )
    said = time_classifiers.numbers_threats(SimpleNamespace(metrics=files), COMPARED)["sayTimeThreats"]
    assert "between 3.00 and 3.00; of their 0 pairs, none" in said and "1 can be told to be lower" in said
    files += measure(tmp_path, {"rob+a": {2: LOST}})
    assert (
        "under every threat model" in time_classifiers.numbers_threats(SimpleNamespace(metrics=files), COMPARED)["sayTimeThreats"]
    )


def test_pairs_are_the_first_samples_at_one_scale(tmp_path):
    shards = {"plain": first_shard(tmp_path, "plain", 0)}
    shards |= {name: first_shard(tmp_path, name, 1, 4) for name in ("van", "rob")}
    data = write(tmp_path / "data.json", {"classes": CLASSES})
    inputs = SimpleNamespace(data=data, samples=[path for paths, _ in shards.values() for path in paths])
    shown, titles = grid(time_classifiers.figure_time_pairs(inputs, SimpleNamespace(variants=LABELS, scale=4, labels={})))
    wanted = {"Plain": ("plain", "0"), "Van": ("van", "4"), "Rob": ("rob", "4")}
    assert titles == CLASSES and [label for label, _ in shown] == list(wanted)
    for label, drawn in shown:
        name, scale = wanted[label]
        assert np.array_equal(drawn, shards[name][1][scale][:3])


@pytest.fixture
def looked_at(tmp_path):
    """The inputs of the figures of time-dependent classifiers, and their arrays: 2 timesteps, 3 images."""
    images = random_images()
    stacks = {f"{name} gradients": images(2, 3, 1, 2, 2) / 100 for name in ("van", "rob")}
    arrays = {"images": images(3, 1, 2, 2), **{f"{name} maximised": images(3, 1, 2, 2) for name in ("van", "rob")}}
    arrays |= {"labels": np.array([0, 1, 2]), "targets": np.array([2, 0, 1]), "x_t": images(2, 3, 1, 2, 2), **stacks}
    arrays |= {f"{name} x0": images(4, 3, 1, 2, 2) for name in ("van", "rob")}
    save_arrays(tmp_path / "looked.npz", arrays, timesteps=[0, 700])
    data = write(tmp_path / "data.json", {"classes": CLASSES})
    return SimpleNamespace(arrays=str(tmp_path / "looked.npz"), data=data), arrays


TWO = {name: LABELS[name] for name in ("van", "rob")}


def test_gradients_are_drawn_about_grey_each_to_its_own_largest_value(looked_at):
    inputs, arrays = looked_at
    shown, titles = grid(time_classifiers.figure_time_gradients(inputs, SimpleNamespace(labels={}, variants=TWO, images=2)))
    assert titles == ["$t = 0$", "$t = 700$"]
    assert [label for label, _ in shown] == ["ant: $x_t$", "ant: Van", "ant: Rob", "bee: $x_t$", "bee: Van", "bee: Rob"]
    drawn = dict(shown)
    assert np.allclose(drawn["bee: $x_t$"], (arrays["x_t"][:, 1, 0] + 1) / 2)
    wanted = arrays["rob gradients"][:, 1, 0]
    largest = np.array([np.abs(gradient).max() for gradient in wanted])
    assert np.allclose((2 * drawn["bee: Rob"] - 1) * largest[:, None, None], wanted)


def test_attacks_stand_below_their_images_with_both_classes_named(looked_at):
    inputs, arrays = looked_at
    shown, titles = grid(time_classifiers.figure_time_attacks(inputs, SimpleNamespace(labels={}, variants=TWO)))
    assert titles == [r"ant $\to$ cat", r"bee $\to$ ant", r"cat $\to$ bee"]
    wanted = {"image": "images", "Van": "van maximised", "Rob": "rob maximised"}
    assert [label for label, _ in shown] == list(wanted)
    assert all(np.allclose(drawn, (arrays[wanted[label]][:, 0] + 1) / 2) for label, drawn in shown)


def test_predictions_are_the_frames_of_the_shown_classes(looked_at):
    inputs, arrays = looked_at
    shown, _ = grid(time_classifiers.figure_time_predictions(inputs, SimpleNamespace(labels={}, variants=TWO, shown=[0, 2])))
    wanted = {"ant: Van": ("van", 0), "ant: Rob": ("rob", 0), "cat: Van": ("van", 2), "cat: Rob": ("rob", 2)}
    assert [label for label, _ in shown] == list(wanted)
    for label, drawn in shown:
        name, k = wanted[label]
        assert np.allclose(drawn, (arrays[f"{name} x0"][:, k, 0] + 1) / 2)
