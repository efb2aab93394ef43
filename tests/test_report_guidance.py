"""All guided systems side by side, and what becomes of those that diverge."""

from types import SimpleNamespace

import numpy as np
import pytest
from measurements import (
    COMPARED,
    ENERGIES,
    FREE,
    GUIDED,
    LABELS,
    LOST,
    THREATS,
    TIME,
    VARIANTS,
    VERDICTS,
    measure,
    nothing_stays_open,  # noqa: F401
    pm,
    publish,
    records,
    rows,
    systems,
    write,
)

from energyguide.reporting.topics import classifier_free, energy_guidance, guidance, time_classifiers, trajectories


def test_the_summary_is_at_the_least_joint_distance_and_shows_it(tmp_path):
    files = measure(tmp_path, {"van": {1: {"fid": 2, "fjd_train": 30}, 4: {"fid": 3, "fjd_train": 20}}})
    table = guidance.table_summary(SimpleNamespace(metrics=files), SimpleNamespace(variants={"van": LABELS["van"]}))
    header, (name, strength, scale, *cells) = rows(table)
    found = dict(zip(header[3:], cells, strict=True))
    assert (name, strength, scale) == ("Van", "--", "4") and found[r"FID$_\infty$"] == pm(3)
    (record,) = records(table)
    assert [record[key] for key in ("fjd_train", "evaluations_classifier", "seconds_per_image")] == ["20.0", "7", "0.1"]


def test_a_strength_stands_beside_the_scale_that_gave_it(tmp_path):
    """Under its strength the variant is found everywhere; the scale is another number."""
    calibrated = {**LABELS["van"], "strengths": [1, 4]}
    files = measure(tmp_path, {"van": {1: {"scale": 3.1416, "fjd_train": 9}, 4: {"scale": 27.18, "fjd_train": 2}}})
    inputs, params = SimpleNamespace(metrics=files), SimpleNamespace(variants={"van": calibrated}, origins={})
    (line,) = rows(guidance.table_summary(inputs, params))[1:]
    assert line[:3] == ["Van", "4", "27.2"]
    assert [(r["strength"], r["scale"]) for r in records(guidance.table_scales(inputs, params))] == [
        ("1", "3.1416"),
        ("4", "27.18"),
    ]
    (axes, _) = guidance.figure_scales(inputs, params).axes[:2]
    assert axes.get_title() == "all units" and axes.containers[0].lines[0].get_xdata().tolist() == [1, 4]


def test_a_scale_that_diverged_is_printed_as_such_in_every_table_and_is_never_the_best(tmp_path):
    robust = {1: LOST, 2: {"fid": 4}, 4: LOST}
    files = measure(tmp_path, {"plain": {0: {"fid": 6}}, "van": {2: LOST}, **dict.fromkeys(THREATS, {2: LOST}), "rob": robust})
    inputs = SimpleNamespace(metrics=files, published=publish(tmp_path, "time_threats,linf-4/255,5,7.61"))
    params = SimpleNamespace(published="cifar10", variants=LABELS, compared=TIME, scale=2, threats=THREATS)
    lost = ["diverged"] * len(guidance.SHOWN_MEASURES)

    (_, *summary) = rows(guidance.table_summary(inputs, params))
    assert summary[1] == ["Van", "--", "2", *lost]
    assert summary[2][:5] == ["Rob", "--", "2", pm(50, 1), pm(4)]
    assert rows(guidance.table_scales(inputs, params))[3:] == [
        ["Van", "--", "2", *lost],
        ["Rob", "--", "1", *lost],
        ["", "--", "2", *summary[2][3 : 3 + len(lost)]],
        ["", "--", "4", *lost],
    ]
    by = {(r["variant"], r["scale"]): r for r in records(guidance.table_scales(inputs, params))}
    measures = ("fid", "fid_std", "accuracy", "seconds_per_image", "fid_all_train")
    assert {by["rob", "4"][key] for key in measures} == {"diverged"} and by["rob", "2"]["fid"] == "4.0"

    assert rows(time_classifiers.table_time_scales(inputs, params))[1:] == [
        ["Vanilla, FID", pm(6), "--", "diverged", "--"],
        ["Robust, FID", pm(6), "diverged", pm(4), "diverged"],
    ]
    assert rows(time_classifiers.table_time_threats(inputs, params))[1:] == [
        [r"$\|\boldsymbol{\delta}\|_2 \le 0.5$", "diverged", rf"\boldmath{pm(4)}"],
        [r"$\|\boldsymbol{\delta}\|_\infty \le 4/255$", "diverged (7.61)", "diverged"],
    ]
    free = classifier_free.table_classifier_free(inputs, SimpleNamespace(published=None, variant="rob", unguided="plain"))
    assert [line[1] for line in rows(free)[1:]] == [pm(6), "diverged", rf"\boldmath{pm(4)}", "diverged"]


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_the_last_word_is_on_the_guided_system_of_the_least_joint_distance(tmp_path, more, verdict):
    best = {"fid": 8, "fjd_train": 3 + more}
    said = guidance.numbers_overall(systems(tmp_path, plain={0: {"fjd_train": 3, "fid": 6}}, free={2: best, 4: {"fid": 4}}))
    assert said["nSystems"] == len(VARIANTS)
    assert rf"belongs to \emph{{Free}} at $w=2$: FID$_\infty$ {pm(8)}" in said["sayOverall"]
    assert rf"model (FID$_\infty$ {pm(6)}) that distance is {verdict}." in said["sayOverall"]


def test_best_scales_at_the_ends_of_their_grids_are_named(tmp_path):
    inside = {1: {"fjd_train": 9}, 2: {"fjd_train": 1}, 4: {"fjd_train": 9}}
    said = guidance.numbers_edges(systems(tmp_path, **dict.fromkeys(("van", "rob", "free", "energy", "both"), inside)))[
        "sayEdges"
    ]
    assert said == "No best scale lies at an end of its grid."
    low, high = {1: {"fjd_train": 1}, 2: {}}, {1: {}, 2: {"fjd_train": 1}}
    said = guidance.numbers_edges(systems(tmp_path, van=low, rob=inside, free=low, energy=high, both={3: {}}))["sayEdges"]
    assert r"the smallest tried for \emph{Van} and \emph{Free}, and the largest tried for \emph{Energy}, so" in said
    weak = {1: {"fjd_train": 6}, 2: {"fjd_train": 7}}
    said = guidance.numbers_edges(systems(tmp_path, van=weak, rob=inside, free=weak, energy=inside, both=inside))["sayEdges"]
    assert said.endswith(r"none serves \emph{Van} and \emph{Free} better than no guidance.") and "largest" not in said


def said_of(samples):
    """All that the text says of samples, by macro."""
    on_samples = (
        guidance.numbers_plain_against_robust,
        guidance.numbers_scales,
        guidance.numbers_best,
        guidance.numbers_edges,
        guidance.numbers_overall,
        classifier_free.numbers_together,
    )
    found = [function(samples) for function in on_samples]
    found += [energy_guidance.numbers_schedulers(samples, ENERGIES), energy_guidance.numbers_joint(samples, ENERGIES)]
    found += [
        time_classifiers.numbers_time_dependent(samples, COMPARED),
        classifier_free.numbers_classifier_free(samples, FREE),
    ]
    return {name: str(text) for part in found for name, text in part.items()}


def test_a_scale_that_diverged_takes_no_part_in_what_is_said(tmp_path):
    grid = {1: {"fjd_train": 9}, 2: {"fid": 3, "accuracy": 0.7}, 4: {"fid": 4}}
    without = said_of(systems(tmp_path, **dict.fromkeys(GUIDED, grid)))
    said = said_of(systems(tmp_path, **dict.fromkeys(GUIDED, {0.5: LOST, **grid, 8: LOST})))
    assert said == without and "diverged" not in "".join(said.values())


def test_a_best_scale_beside_one_that_diverged_is_not_at_the_end_of_its_grid(tmp_path):
    grid = {1: {"fjd_train": 9}, 2: {"fjd_train": 1}}
    said = [
        guidance.numbers_edges(systems(tmp_path, **dict.fromkeys(GUIDED, {**grid, **more})))["sayEdges"]
        for more in ({}, {4: LOST})
    ]
    assert said[0].startswith("The best scale is the largest tried for") and said[1].startswith("No best scale")


@pytest.mark.parametrize("lost", [*([name] for name in GUIDED), GUIDED], ids=lambda lost: "-".join(lost))
def test_variants_that_diverged_at_every_scale_are_named_as_such_and_compared_with_nothing(tmp_path, lost):
    said = said_of(systems(tmp_path, **dict.fromkeys(lost, {1: LOST, 2: LOST})))
    sorry = {name: text for name, text in said.items() if text.startswith("There is nothing to compare: samples of ")}
    for name in lost:
        label = rf"\emph{{{name.title()}}}"
        assert any(label in text for text in sorry.values())
        assert not any(label in text for macro, text in said.items() if macro not in sorry)
    assert "nan" not in "".join(said.values()) and said["sayScales"].endswith(".")
    assert (lost == GUIDED) == ("sayOverall" in sorry) == ("sayBest" in sorry)


def test_the_sentence_on_trajectories_leaves_out_those_that_diverged(tmp_path):
    ends = {name: {"end": {"E(x,y)": value}} for name, value in (("base", 3.0), ("free", -2.0))}
    inputs = SimpleNamespace(trajectories=write(tmp_path / "t.json", {"van": {"diverged": True}, **ends}))
    said = trajectories.numbers_trajectory(inputs, systems(tmp_path))["sayTrajectory"]
    assert r"lowest for \emph{Free} ($-2.0$ nats), and highest for \emph{Base} ($3.0$ nats)" in said


def test_figures_leave_out_what_diverged(tmp_path):
    """A scale among others; and a variant of which nothing else is left."""
    line = {1: {"is": 4, "fid": 3}, 2: LOST, 4: {"is": 5, "fid": 4}}
    files = measure(tmp_path, {"plain": {0: {"is": 3, "fid": 6}}, "van": line, "rob": {1: LOST, 2: LOST}})
    lines = {"plain": {"t": [1, 0], "E(x_t,y)": [2, 1], "E(x_t)": [1, 0], "shift/sigma": [0.0, None]}, "rob": {"diverged": True}}
    lines["van"] = {**lines["plain"], "shift/sigma": [2.0, None]}
    inputs = SimpleNamespace(metrics=files, trajectories=write(tmp_path / "t.json", lines))
    variants = {**LABELS, "rob": {**LABELS["rob"], "unit": "sigma"}}  # the one variant of its unit
    params = SimpleNamespace(variants=variants, origins={"m": "plain"}, classifier_free="van")

    scales = guidance.figure_scales(inputs, params)
    scales.draw_without_rendering()
    drawn = [bar.lines[0].get_xydata().tolist() for axes in scales.axes[:2] for bar in axes.containers]
    assert len(drawn) == 1 and np.allclose(drawn[0], [[1, 3], [4, 4]])
    against = classifier_free.figure_fid_is(inputs, params)
    against.draw_without_rendering()
    drawn = {line.get_label(): line.get_xydata().tolist() for line in against.axes[0].lines}
    assert np.allclose(drawn["Van"], [[3, 6], [4, 3], [5, 4]]) and np.allclose(drawn["Rob"], [[3, 6]])
    for diverged, left in ((["rob"], ["Plain", "Van"]), (["rob", "van"], ["Plain"])):
        write(tmp_path / "t.json", {**lines, **dict.fromkeys(diverged, {"diverged": True})})
        followed = trajectories.figure_trajectory(inputs, params)
        followed.draw_without_rendering()
        assert [line.get_label() for line in followed.axes[0].lines] == left
