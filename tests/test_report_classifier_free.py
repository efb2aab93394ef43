"""Classifier-free guidance in tables, sentences and figures: its densities and its implicit classifier too."""

from types import SimpleNamespace

import numpy as np
import pytest
from measurements import (
    CLASSES,
    CLASSIFIERS,
    FREE,
    LABELS,
    VERDICTS,
    first_shard,
    grid,
    measure,
    nothing_stays_open,  # noqa: F401
    pm,
    publish,
    random_images,
    rows,
    systems,
    write,
)

from energyguide.files.arrays import save_arrays
from energyguide.reporting.topics import classifier_free, densities, implicit


@pytest.mark.parametrize("experiment", ["cifar10", None])
def test_classifier_free_begins_at_no_guidance_and_has_reported_columns_where_there_are_any(tmp_path, experiment):
    files = measure(tmp_path, {"given": {0: {"fid": 4, "is": 3}}, "free": {0.1: {"fid": 3, "is": 4}, 2: {"fid": 7, "is": 9}}})
    cells = "0,fid,1.80", "2,fid,21.03", "2,is,225.5", "ADM,fid,2.07"
    published = publish(tmp_path, *(f"classifier_free,{cell}" for cell in cells))
    inputs = SimpleNamespace(metrics=files, published=published)
    table = classifier_free.table_classifier_free(inputs, SimpleNamespace(published=experiment, variant="free", unguided="given"))
    rest = [pm(0.5), pm(0.5), pm(50, 1)]
    ours = [["$0$", pm(4), pm(3)], ["$0.1$", rf"\boldmath{pm(3)}", pm(4)], ["$2$", pm(7), rf"\boldmath{pm(9)}"]]
    reported = [["1.8", "--"], ["--", "--"], ["21.03", "225.5"]] if experiment else [[]] * 3
    others = [["ADM", *[""] * 5, "2.07", "--"]] if experiment else []
    assert rows(table)[-3 - len(others) :] == [[*line, *rest, *more] for line, more in zip(ours, reported, strict=True)] + others
    assert ("Some data" in table.latex()) == bool(experiment)
    assert len({len(table.columns), *map(len, filter(None, table.body)), *map(len, table.header)}) == 1


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_the_sentences_on_classifier_free_guidance_follow_its_line_from_no_guidance(tmp_path, more, verdict):
    samples = systems(
        tmp_path, given={0: {"is": 7}}, free={0.1: {"fid": 5 + more, "fjd_train": 1}, 3: {"fid": 9, "is": 7 + more}}
    )
    said = classifier_free.numbers_classifier_free(samples, FREE)
    assert rf"at its best scale ($w=0.1$), has a class accuracy of {pm(50, 1)}\%" in said["sayClassifierFree"]
    assert rf"its FID$_\infty$ is {verdict} ({pm(5 + more)} against {pm(5)})" in said["sayClassifierFree"]
    least, most = "0.1" if more < 0 else "0", "3" if more > 0 else "0"
    assert f"least at $w = {least}$ ({min(5, 5 + more):.2f})" in said["sayFreeScales"]
    assert f"highest at $w = {most}$ ({max(7, 7 + more):.2f})" in said["sayFreeScales"]


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_both_kinds_of_guidance_together_are_compared_with_each_alone(tmp_path, more, verdict):
    said = classifier_free.numbers_together(
        systems(tmp_path, energy={2: {"fid": 9, "accuracy": 0.5}}, both={4: {"fid": 5 + more, "accuracy": 0.9}})
    )
    assert said["freeWeight"] == "0.1" and rf"With both, at $s=4$, the FID$_\infty$ is {pm(5 + more)}" in said["sayTogether"]
    assert (
        rf"its FID$_\infty$ is {verdict} and its class accuracy higher compared with \emph{{Free}} at $w=1$"
        in said["sayTogether"]
    )
    assert r"its FID$_\infty$ is lower and its class accuracy higher compared with \emph{Energy} at $s=2$" in said["sayTogether"]
    assert (
        "not combined in this experiment" in classifier_free.numbers_together(systems(tmp_path, without=["both"]))["sayTogether"]
    )


def test_the_sentence_on_the_implicit_classifier_names_its_nearest_and_its_farthest(tmp_path):
    def say(**mean):
        names = ["eps0.5", "time-vanilla", "time-l2-0.5-7"]
        found = {
            "accuracy": {"all": 0.9, "classifiers": dict(zip(names, (0.95, 0.75, 0.85), strict=True))},
            "alignment": {name: {"0": mean[name[:6]] - 0.1, "500": mean[name[:6]] + 0.1} for name in names},
            "protocol": {"n": 2000, "timesteps": [0, 500]},
        }
        return implicit.numbers(
            SimpleNamespace(implicit=write(tmp_path / "implicit.json", found)), SimpleNamespace(classifiers=CLASSIFIERS)
        )

    said = say(**{"eps0.5": 0.3, "time-v": 0.2, "time-l": 0.4})
    assert (said["implicitImages"], said["implicitLevels"]) == ("2,000", 2)
    assert r"right on 90.0\% of these images" in said["sayImplicit"]
    assert r"compared with are on 75.0\% to 95.0\%" in said["sayImplicit"]
    assert "best with that of the robust time-dependent classifier (cosine similarity 0.40)" in said["sayImplicit"]
    assert "least with that of the vanilla time-dependent classifier (0.20)" in said["sayImplicit"]
    said = say(**{"eps0.5": 0.1, "time-v": 0.2, "time-l": 0.15})["sayImplicit"]
    assert "best with that of the vanilla" in said and r"classifier of images with $\epstrain = 0.5$ (0.10)" in said


@pytest.mark.parametrize(
    ("distances", "verdict"),
    [
        ((0.07, 0.301), "at $w = 3$, but not at $w = 0$."),
        ((0.07, 0.08), "at no weight."),
        ((0.09, 0.301), "at $w$ = 0 and 3."),
    ],
)
def test_the_distance_of_the_densities_is_told_beside_that_of_exact_draws(distances, verdict):
    found = {"distances": dict(zip("03", distances, strict=True)), "nulls": dict.fromkeys("03", [0.06, 0.08])}
    said = densities.numbers_distance(found)
    rows = f"is {distances[0]:.3f} at $w = 0$ (0.070) and {distances[1]:.3f} at $w = 3$ (0.070)"
    assert rows in said and said.endswith(f"It exceeds that of every one of 2 sets of exact draws {verdict}")


def test_it_is_told_how_likely_guided_points_are_without_the_class_and_given_it(tmp_path):
    samples = {"0": [[-1.9, 0.01], [-1.0, 0.01]], "3": [[-2.1, 0.01], [-1.02, 0.01]], "1": [[-1.91, 0.01], [-0.8, 0.01]]}
    closed = {"0": [-1.9, -1.0], "3": [-1.8, -0.7], "1": [-1.85, -0.8]}
    found = {"distances": {"0": 0.1}, "nulls": {"0": [0.2]}, "sampled": samples, "exact": closed}
    save_arrays(tmp_path / "d.npz", {}, **found)
    params = SimpleNamespace(samples=300, steps=5)
    said = densities.numbers(SimpleNamespace(densities=str(tmp_path / "d.npz")), params)["sayGuidedLikelihood"]
    alone = r"$-1.90$, $-1.91$ and $-2.10$ for $\log p(\mathbf{x})$ (in closed form $-1.90$, $-1.85$ and $-1.80$)"
    given = r"$-1.00$, $-0.80$ and $-1.02$ for $\log p(\mathbf{x}\mid y)$ (in closed form"
    assert "at $w$ = 0, 1 and 3" in said and alone in said and given in said
    assert "at $w = 1$, not distinguishable without the class and more likely given it; " in said
    assert said.endswith("at $w = 3$, less likely without the class and not distinguishable given it.")


def test_free_samples_at_no_guidance_are_those_of_the_unguided_variant(tmp_path):
    (plain, unguided), (free, guided) = first_shard(tmp_path, "plain", 0), first_shard(tmp_path, "free", 1, 3)
    inputs = SimpleNamespace(data=write(tmp_path / "data.json", {"classes": CLASSES}), samples=[*plain, *free])
    params = SimpleNamespace(variant="free", unguided="plain", shown=[0, 3], labels={})
    shown, titles = grid(classifier_free.figure_free_samples(inputs, params))
    assert titles == CLASSES and [label.partition(",")[0] for label, _ in shown] == ["$w=0$"] * 2 + ["$w=3$"] * 2
    for i, wanted in enumerate((unguided["0"], guided["3"])):
        assert np.array_equal(shown[2 * i][1], wanted[:3]) and np.array_equal(shown[2 * i + 1][1], wanted[3:])


def test_every_curve_begins_at_its_unguided_model(tmp_path):
    line = {0.1: {"is": 4, "fid": 3}, 0.5: {"is": 5, "fid": 4}, 2: {"is": 6, "fid": 9}}
    files = measure(tmp_path, {"given": {0: {"is": 3, "fid": 6}}, "free": line, "van": {1: {"is": 7, "fid": 8}}})
    variants = {
        "given": {"label": "Given", "model": "joint"},
        "free": {"label": "Free", "unit": "difference", "model": "joint"},
        "van": LABELS["van"],
    }
    params = SimpleNamespace(variants=variants, origins={"joint": "given"}, classifier_free="free")
    figure = classifier_free.figure_fid_is(SimpleNamespace(metrics=files), params)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert set(drawn) == {"Free", "Van"} and np.allclose(drawn["Van"], [[7, 8]])
    assert np.allclose(drawn["Free"], [[3, 6], [4, 3], [5, 4], [6, 9]])
    assert {text.get_text(): text.xy for text in axes.texts} == {
        "$w=0$": pytest.approx((3, 6)),
        "$w=0.5$": pytest.approx((5, 4)),
        "$w=2$": pytest.approx((6, 9)),
    }


def test_densities_stand_in_pairs_with_the_first_coordinate_to_the_right(tmp_path):
    images = random_images()
    arrays = {f"{kind} {w}": images(4, 4) for kind in ("exact", "sampled") for w in (0, 3)}
    save_arrays(tmp_path / "densities.npz", arrays, range=2.5)
    figure = densities.figure_densities(SimpleNamespace(arrays=str(tmp_path / "densities.npz")), SimpleNamespace(scales=[0, 3]))
    panels = np.array(figure.axes).reshape(2, 2)
    assert [axes.get_title() for axes in panels[0]] == ["$w=0$", "$w=3$"]
    assert [axes.get_ylabel() for axes in panels[:, 0]] == ["closed form", "sampler"]
    for kind, line in zip(("exact", "sampled"), panels, strict=True):
        for w, axes in zip((0, 3), line, strict=True):
            (image,) = axes.images
            assert np.array_equal(image.get_array(), arrays[f"{kind} {w}"].T)
            assert image.origin == "lower" and image.get_extent() == [-2.5, 2.5, -2.5, 2.5]


def test_the_implicit_classifier_is_drawn_by_timestep_beside_those_it_is_compared_with(tmp_path):
    found = {
        "accuracy": {"all": 0.9, "by_timestep": {"0": 0.4, "500": 0.8}, "classifiers": {"eps0.5": 0.95, "time-vanilla": 0.75}},
        "alignment": {"eps0.5": {"0": 0.3, "500": 0.1}, "time-vanilla": {"0": -0.2, "500": 0.5}},
    }
    figure = implicit.figure_implicit(
        SimpleNamespace(implicit=write(tmp_path / "implicit.json", found)), SimpleNamespace(classifiers=CLASSIFIERS)
    )
    figure.draw_without_rendering()
    left, right = ({line.get_label(): line for line in axes.lines} for axes in figure.axes)
    assert left["implicit, one timestep"].get_xydata().tolist() == pytest.approx(np.array([[0, 40], [500, 80]]))
    levels = {line.get_ydata()[0]: line.get_color() for line in left.values()}
    assert set(levels) == {40, 90, 95, 75}
    for label, name in ((r"$\varepsilon$-train 0.5", "eps0.5"), ("time-dependent, vanilla", "time-vanilla")):
        assert right[label].get_xydata().tolist() == [[int(t), value] for t, value in found["alignment"][name].items()]
        level = levels[100 * found["accuracy"]["classifiers"][name]]
        assert np.array_equal(right[label].get_color(), level), "a classifier has one colour in both panels"
    shown = {text.get_text() for text in figure.legends[0].get_texts()}
    assert shown == {*list(left)[:2], r"$\varepsilon$-train 0.5", "time-dependent, vanilla"}
