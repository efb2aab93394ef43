"""Tables, sentences and figures of what stands beside the thesis, from measurements made up for the purpose; and that the paper
uses every number that is made for it."""

import ast
import csv
import io
import re
from collections import Counter, defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from test_reporting import PROTOCOL, topic, write

from energyguide.config import derive
from energyguide.config.resolve import resolve
from energyguide.files.arrays import save_arrays
from energyguide.metrics.statistics import Number
from energyguide.reporting.samples import Samples
from energyguide.reporting.style import pyplot
from energyguide.reporting.topics.survey import COLUMNS

ROOT = Path(__file__).parents[1]
TIME = {"unguided": "plain", "vanilla": "van", "robust": "rob"}
LABELS = {
    "plain": {"label": "Plain", "model": "m"},
    "van": {"label": "Van", "unit": "sigma2", "model": "m"},
    "rob": {"label": "Rob", "unit": "sigma2", "model": "m"},
}
THREATS = {
    "rob": {"norm": "l2", "eps": 0.5, "steps": 7},
    "rob+a": {"norm": "l2", "eps": 0.5, "steps": 5},
    "rob+b": {"norm": "linf", "eps": 4 / 255, "steps": 5},
    "rob+c": {"norm": "linf", "eps": 4 / 255, "steps": 7},
}


LOST = object()


def measure(folder, variants):
    """Files as the rule `metrics` writes them: variant -> scale -> the measures that are not as everywhere, of two sets.

    LOST in their place is a scale that diverged.
    """
    usual = {"is": 2, "fid": 5, "precision": 0.5, "recall": 0.5, "accuracy": 0.5, "energy_divergence": 1}
    files = []
    for name, scales in variants.items():
        results = {}
        for scale, own in scales.items():
            if own is LOST:
                results[f"{scale:g}"] = {"diverged": {"count": 3, "of": 200, "step": 1}}
                continue
            values = {**usual, "fjd_train": own.get("fid", 5), **own}
            results[f"{scale:g}"] = {key: [value - 0.01, value + 0.01] for key, value in values.items()}
            results[f"{scale:g}"] |= {"seconds_per_image": [0.1], "fid_all_train": [values["fid"]]}
        found = {"evaluations": [5, 7], "protocol": PROTOCOL, "scales": results}
        files.append(write(folder / f"metrics/{name}/some.json", found))
    return files


def pm(value, digits=2):
    return rf"${value:.{digits}f} \pm {0.01 if digits == 2 else 1.4}$"


def publish(path, *rows):
    """A file of published numbers: rows of table, row, column, value."""
    lines = [f"cifar10,{row},Some data,Somewhere" for row in rows]
    return write(path / "published.csv", "\n".join(["experiment,table,row,column,value,data,source", *lines, ""]))


def rows(table):
    """The lines of a table in LaTeX, as lists of cells, the header first."""
    return [line.removesuffix(r" \\").split(" & ") for line in table.latex().splitlines() if line.endswith(r"\\")]


def records(table):
    return list(csv.DictReader(io.StringIO(table.csv())))


def answers(folder):
    """Files of four raters and the survey: the first system wins pairs 0 (3 of 4 votes), 1 and 2, the second 4, nobody 3."""
    votes = {0: "fffs", 1: "f", 2: "f", 3: "-", 4: "s"}
    survey = {"id": "this", "systems": ["rob", "van"], "pairs": ["cat"] * len(votes), "seed": 0}
    files = []
    for rater in range(4):
        given = {pair: {"f": "right", "s": "left", "-": "same"}[said[rater]] for pair, said in votes.items() if rater < len(said)}
        lines = [",".join(COLUMNS), *(f"this,r{rater},{pair},van,rob,{side}" for pair, side in given.items())]
        files.append(write(folder / f"answers/{rater}.csv", "\n".join(lines)))
    return {"answers": files, "survey": write(folder / "survey.json", survey)}


def test_the_compared_guidances_stand_at_their_best_scales_over_the_reported_ones(tmp_path):
    files = measure(
        tmp_path,
        {"plain": {0: {"fid": 6, "recall": 0.7}}, "van": {1: {"fid": 4}, 2: {"fid": 3}}, "rob": {1: {"fid": 2}, 2: {"fid": 4}}},
    )
    published = publish(tmp_path, "time_quality,robust,fid,2.85", "time_quality,robust,precision,0.82")
    inputs = SimpleNamespace(metrics=files, published=published)
    table = topic("time_classifiers").table_time_quality(
        inputs, SimpleNamespace(published="cifar10", compared=TIME, variants=LABELS)
    )
    assert rows(table)[1:] == [
        ["Plain", "--", pm(0.5), pm(0.7), pm(6), pm(2), pm(50, 1)],
        ["Van", r"2\,$\sigma_t^2$", pm(0.5), pm(0.5), pm(3), pm(2), pm(50, 1)],
        ["Rob", r"1\,$\sigma_t^2$", pm(0.5), pm(0.5), pm(2), pm(2), pm(50, 1)],
        [r"\quad reported, Some data", "", "0.82", "--", "2.85", "--", "--"],
    ]
    assert [r["fid_reported"] for r in records(table)] == ["", "", "2.85"]


def test_iterations_have_the_reported_number_below_their_own(tmp_path):
    steps = {"plain@50": 50, "plain@50000": 50000, "plain": 800000}
    files = measure(tmp_path, {name: {0: {"fid": fid}} for name, fid in zip(steps, (9, 3, 4), strict=True)})
    inputs = SimpleNamespace(metrics=files, published=publish(tmp_path, "time_iterations,fid,50000,7.67"))
    table = topic("time_classifiers").table_time_iterations(inputs, SimpleNamespace(published="cifar10", steps=steps))
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
    table = topic("time_classifiers").table_time_threats(inputs, SimpleNamespace(published="cifar10", scale=2, threats=THREATS))
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
    table = topic("time_classifiers").table_time_scales(inputs, params)
    assert rows(table) == [
        ["", "$s = 0$", "$s = 0.5$", "$s = 2$", "$s = 10$"],
        ["Vanilla, FID", pm(6), pm(5), pm(4), "--"],
        ["Robust, FID", pm(6), "--", pm(3), pm(7)],
        [r"\quad reported, Some data", "--", "--", "7.58", "--"],
    ]
    assert [r["reported"] for r in records(table)] == ["", "", "", "", "7.58", ""]
    assert rows(topic("time_classifiers").table_time_precision(inputs, params))[1:] == [
        ["Vanilla, P", pm(0.5), pm(0.5), pm(0.5), "--"],
        ["Vanilla, R", pm(0.8), pm(0.6), pm(0.4), "--"],
        [r"\quad reported, Some data", "0.65", "--", "--", "--"],
        ["Robust, P", pm(0.5), "--", pm(0.5), pm(0.5)],
        ["Robust, R", pm(0.8), "--", pm(0.3), pm(0.2)],
    ]


@pytest.mark.parametrize("experiment", ["cifar10", None])
def test_classifier_free_begins_at_no_guidance_and_has_reported_columns_where_there_are_any(tmp_path, experiment):
    files = measure(tmp_path, {"given": {0: {"fid": 4, "is": 3}}, "free": {0.1: {"fid": 3, "is": 4}, 2: {"fid": 7, "is": 9}}})
    published = publish(tmp_path, "classifier_free,0,fid,1.80", "classifier_free,2,fid,21.03", "classifier_free,2,is,225.5")
    inputs = SimpleNamespace(metrics=files, published=published)
    table = topic("classifier_free").table_classifier_free(
        inputs, SimpleNamespace(published=experiment, variant="free", unguided="given")
    )
    rest = [pm(0.5), pm(0.5), pm(50, 1)]
    ours = [["$0$", pm(4), pm(3)], ["$0.1$", rf"\boldmath{pm(3)}", pm(4)], ["$2$", pm(7), rf"\boldmath{pm(9)}"]]
    reported = [["1.8", "--"], ["--", "--"], ["21.03", "225.5"]] if experiment else [[]] * 3
    assert rows(table)[-3:] == [[*line, *rest, *more] for line, more in zip(ours, reported, strict=True)]
    assert ("Some data" in table.latex()) == bool(experiment)
    assert len({len(re.sub("[^lcr]", "", table.columns)), *map(len, table.body), len(table.header[-1])}) == 1


def test_preferences_are_those_of_the_answers(tmp_path):
    published = publish(tmp_path, "preferences,0.8,second,8.5")
    table = topic("survey").table_preferences(
        SimpleNamespace(**answers(tmp_path), published=published), SimpleNamespace(published="cifar10")
    )
    found = rows(table)[1:]
    assert found[0] == [r"$50\%$", "60.0", "20.0", "20.0"] and found[3] == [r"$80\%$", "40.0", "20.0", "40.0"]
    assert found[4] == [r"\quad reported, Some data", "--", "8.5", "--"] and len(found) == 5
    assert {(r["raters"], r["pairs"], r["answers"], r["sign_test_p"]) for r in records(table)} == {("4", "5", "8", "0.625")}
    by = {(r["threshold"], r["preferred"]): (r["percent"], r["percent_reported"]) for r in records(table)}
    assert by["0.5", "rob"] == ("60.0", "") and by["0.8", "van"] == ("20.0", "8.5")


def test_the_summary_is_at_the_least_joint_distance_and_shows_it(tmp_path):
    files = measure(tmp_path, {"van": {1: {"fid": 2, "fjd_train": 30}, 4: {"fid": 3, "fjd_train": 20}}})
    table = topic("guidance").table_summary(SimpleNamespace(metrics=files), SimpleNamespace(variants={"van": LABELS["van"]}))
    header, (name, scale, *cells) = rows(table)
    found = dict(zip(header[2:], cells, strict=True))
    assert (name, scale) == ("Van", r"4\,$\sigma_t^2$") and found["FID"] == pm(3)
    assert (found["FJD (train)"], found["NFE"], found["ms/img"]) == (pm(20), "5+7", "100.0")


def test_a_scale_that_diverged_is_printed_as_such_in_every_table_and_is_never_the_best(tmp_path):
    robust = {1: LOST, 2: {"fid": 4}, 4: LOST}
    files = measure(tmp_path, {"plain": {0: {"fid": 6}}, "van": {2: LOST}, **dict.fromkeys(THREATS, {2: LOST}), "rob": robust})
    inputs = SimpleNamespace(metrics=files, published=publish(tmp_path, "time_threats,linf-4/255,5,7.61"))
    params = SimpleNamespace(published="cifar10", variants=LABELS, compared=TIME, scale=2, threats=THREATS)
    lost = ["diverged"] * 7

    (_, *summary) = rows(topic("guidance").table_summary(inputs, params))
    assert summary[1] == ["Van", r"2\,$\sigma_t^2$", *lost, "5+7", "diverged"]
    assert summary[2][:4] == ["Rob", r"2\,$\sigma_t^2$", pm(2), pm(4)]
    assert rows(topic("guidance").table_scales(inputs, params))[2:] == [
        ["Van", r"2\,$\sigma_t^2$", *lost],
        ["Rob", r"1\,$\sigma_t^2$", *lost],
        ["", r"2\,$\sigma_t^2$", *summary[2][2:9]],
        ["", r"4\,$\sigma_t^2$", *lost],
    ]
    by = {(r["variant"], r["scale"]): r for r in records(topic("guidance").table_scales(inputs, params))}
    measures = ("fid", "fid_std", "accuracy", "seconds_per_image", "fid_all_train")
    assert {by["rob", "4.0"][key] for key in measures} == {"diverged"} and by["rob", "2.0"]["fid"] == "4.0"

    assert rows(topic("time_classifiers").table_time_scales(inputs, params))[1:] == [
        ["Vanilla, FID", pm(6), "--", "diverged", "--"],
        ["Robust, FID", pm(6), "diverged", pm(4), "diverged"],
    ]
    assert rows(topic("time_classifiers").table_time_threats(inputs, params))[1:] == [
        [r"$\|\boldsymbol{\delta}\|_2 \le 0.5$", "diverged", rf"\boldmath{pm(4)}"],
        [r"$\|\boldsymbol{\delta}\|_\infty \le 4/255$", "diverged (7.61)", "diverged"],
    ]
    free = topic("classifier_free").table_classifier_free(
        inputs, SimpleNamespace(published=None, variant="rob", unguided="plain")
    )
    assert [line[1] for line in rows(free)[1:]] == [pm(6), "diverged", rf"\boldmath{pm(4)}", "diverged"]


def bounds(folder, name, total, shapes=("learned",)):
    """A file as the rule `likelihood` writes it: without shapes, of a fixed schedule."""
    terms = {"prior": [0.5] * 2, "reconstruction": [0.25] * 2, "diffusion": [total - 0.75] * 2, "spread": 3.0}
    drawn = {**terms, "total": [total - 0.01, total + 0.01]}
    found = {
        "protocol": {"images": "test", "n": 30, "draws": 2},
        "discrete": {"10": {**drawn, "total": [total + 1] * 2}, "99": drawn},
    }
    if shapes:
        found["gamma"] = {shape: [-10, 0, 5] for shape in shapes}
        found["continuous"] = {
            shape: {**drawn, "diffusion": [total - 0.75 + i, total - 0.7 + i]} for i, shape in enumerate(shapes)
        }
    return write(folder / f"likelihood/{name}.json", found)


@pytest.fixture
def likelihoods(tmp_path):
    """A fixed schedule at 4 bits, and a learned one at 3; inputs and params of what is made of them."""
    files = [bounds(tmp_path, "plain", 4, ()), bounds(tmp_path, "vdm", 3, ("learned", "linear", "quadratic"))]
    published = publish(
        tmp_path, "likelihood,plain,augmented,3.69", "likelihood,vdm,plain,2.65", "likelihood,Some_Flow,plain,3.08"
    )
    labels = {"plain": "DDPM", "vdm": "Variational"}
    inputs = SimpleNamespace(results=files, likelihoods=files, published=published)
    return inputs, SimpleNamespace(published="cifar10", labels=labels, likelihood_labels=labels)


def test_bounds_stand_at_their_most_steps_and_in_continuous_time_with_the_reported_ones(likelihoods):
    table = topic("likelihood").table_likelihood(*likelihoods)
    models = [(row["model"], row["steps"], float(row["total"]), row["reported_plain"]) for row in records(table)]
    assert models == [("plain", "99", 4, ""), ("vdm", "99", 3, "2.65"), ("vdm", "continuous", 3, "2.65")]
    first = [line[0] for line in rows(table)[1:]]
    assert first == [
        "DDPM",
        r"\quad reported, Some data, augmented images",
        "Variational",
        "",
        r"\quad reported, Some data",
        r"Some\_Flow, Some data",
    ]
    assert [line[-1] for line in rows(table)[1:]] == [
        r"$4.000 \pm 0.014$",
        "3.69",
        *[r"$3.000 \pm 0.014$"] * 2,
        "2.65",
        "3.08",
    ]


def test_the_sentences_on_likelihood_name_the_lowest_bound_and_what_the_shape_changes(likelihoods):
    said = topic("likelihood").numbers_likelihood(*likelihoods)
    lowest = r"The lowest bound is that of \emph{Variational}, $3.000 \pm 0.014$ bits per dimension, with \emph{DDPM} at $4.000"
    assert said["sayLikelihood"].startswith(lowest) and (said["likelihoodImages"], said["likelihoodDraws"]) == ("30", 2)
    assert "above it" in said["sayInvariance"] and "3.00 (linear)" in said["sayInvariance"]
    assert r"$5.000 \pm 0.000$ in 10 steps for \emph{DDPM}" in said["sayBoundSteps"]


def test_schedules_and_bounds_are_drawn_each_in_its_colour(likelihoods):
    curves, terms, bounds = topic("likelihood").figure_likelihood(*likelihoods).axes
    assert [line.get_label() for line in curves.lines] == ["learned", "linear", "quadratic"]
    assert [text.get_text() for text in terms.get_xticklabels()] == ["learned", "linear", "quadratic"]
    dashed = [line for line in bounds.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [3]
    assert {line.get_label(): line.get_xydata().tolist() for line in bounds.lines[:1]} == {"DDPM": [[10, 5], [99, 4]]}


def test_quality_stands_beside_its_cost(tmp_path):
    files = measure(tmp_path, {"slow": {0: {"fid": 2}}, "fast": {0: {"fid": 3}, 4: {"fid": 1}}, "lost": {1: LOST}})
    inputs = SimpleNamespace(
        metrics=files, published=publish(tmp_path, "generators,A GAN,fid_all_train,3.75", "generators,A GAN,seconds,0.21")
    )
    labels = {name: {"label": name.capitalize()} for name in ("slow", "fast")}
    table = topic("cost").table_generators(inputs, SimpleNamespace(published="cifar10", variants=labels))
    cells = rows(table)[1:]
    assert cells[0] == ["Slow", pm(2), pm(2), pm(0.5), pm(0.5), "2.00", "5", "0.1"]
    assert cells[-1] == ["A GAN, Some data", "--", "--", "--", "--", "3.75", "--", "0.21"]
    figure = topic("cost").figure_generators(inputs, SimpleNamespace(variants={**labels, "lost": {"label": "Lost"}}))
    points = [[container[0].get_xydata().tolist()[0] for container in axes.containers] for axes in figure.axes]
    assert points[0] == [[100, 2], [100, 1]] and len(points[1]) == 2
    params = SimpleNamespace(generators={"fast": {"label": "Fast"}, "gan": {}}, adversarial={"gan": {}})
    samples = SimpleNamespace(baseline="slow", number=lambda *_: Number(2, 0.01), called=str, text=lambda *_: "2")
    said = topic("vdm").numbers_cost(inputs, samples, params)["sayVariational"]
    assert said == rf"\emph{{Fast}} has an FID of {pm(3)}, above that of slow in as many steps (2)."


def modes(folder):
    """Files as the rules `points` and `stacked` write them: of 2 and 4 steps, and of 4."""
    points = []
    for steps, covered in ((2, 20), (4, 25)):
        arrays = {"drawn": np.zeros((50, 2)), "real": np.ones((50, 2))}
        points.append(str(folder / f"{steps}.npz"))
        found = {"drawn": {"modes": covered, "of": 25, "share": covered / 50}, "real": {"modes": 25, "of": 25, "share": 0.99}}
        save_arrays(points[-1], arrays, steps=steps, **found)
    digits = {"drawn": {"modes": 900, "of": 1000, "kl": 0.5}, "real": {"modes": 1000, "of": 1000, "kl": 0.02}}
    images = np.zeros((30, 3, 8, 8), dtype=np.uint8)
    save_arrays(folder / "stacked.npz", {"drawn": images, "real": images}, samples=2000, steps=4, accuracy=0.99, **digits)
    return {"points": points, "stacked": folder / "stacked.npz.json"}


def test_modes_stand_by_steps_below_those_of_real_images(tmp_path):
    published = publish(tmp_path, "modes,A GAN,modes,762", "modes,A GAN,kl,2.173")
    inputs = SimpleNamespace(**modes(tmp_path), published=published)
    assert [line[1:] for line in rows(topic("modes").table_modes(inputs, SimpleNamespace(published="cifar10")))[2:]] == [
        ["25/25", "99.0", "1,000/1,000", "0.020"],
        ["20/25", "40.0", "--", "--"],
        ["25/25", "50.0", "900/1,000", "0.500"],
        ["", "", "762", "2.173"],
    ]
    said = topic("modes").numbers_modes(inputs)
    assert "20 with $T=2$" in said["sayPoints"] and r"(50\% of the points near one)" in said["sayPoints"]
    assert "covers 900 of the 1,000 kinds, at a divergence of 0.500 nats" in said["sayStacked"]
    figure = topic("modes").figure_modes(
        SimpleNamespace(points=inputs.points, stacked=tmp_path / "stacked.npz"), SimpleNamespace()
    )
    assert [axes.get_title() for axes in figure.axes][:3] == ["data", "$T=2$: 20 of 25", "$T=4$: 25 of 25"]
    assert len(figure.axes) == 5


@pytest.mark.parametrize(
    ("fid", "verdict"), [(9, "is higher than"), (3, "is the same within its spread as"), (1, "is lower than")]
)
def test_a_model_without_a_part_is_compared_with_the_whole_of_as_many_steps(tmp_path, fid, verdict):
    files = measure(tmp_path, {"two": {0: {"fid": 4}}, "four": {0: {"fid": 3}}, "direct": {0: {"fid": fid}}})
    models = {
        "two": {"label": "Two", "steps": 2, "kind": "posterior"},
        "four": {"label": "Four", "steps": 4, "kind": "posterior"},
        "direct": {"label": "Direct", "steps": 4, "kind": "direct"},
    }
    said = topic("ddgan").numbers_adversarial(SimpleNamespace(metrics=files), SimpleNamespace(adversarial=models))
    assert said["sayGans"].startswith(rf"The FID of the whole model is {pm(4)} (recall") and "in 2 and" in said["sayGans"]
    assert rf"that of \emph{{Direct}}, {pm(fid)}, {verdict} that of the whole model in 4" in said["sayGanAblations"]


def test_every_published_number_has_its_place_in_the_tables_of_its_experiment(tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    e = resolve({**config, "experiment": "cifar10"})
    ours = dict.fromkeys(("is", "fid", "precision", "recall", "accuracy"), 999)
    blocks = derive.sampled(e)
    files = measure(tmp_path, {name: dict.fromkeys(spec["scales"], ours) for name, spec in blocks.items()})
    results = [bounds(tmp_path, name, 999) for name in e["likelihood"]["models"]]
    inputs = SimpleNamespace(
        metrics=files, results=results, published=ROOT / "paper/published.csv", **answers(tmp_path), **modes(tmp_path)
    )
    params = SimpleNamespace(
        published=e["published"],
        compared=e["time_guidance"],
        variants={**e["variants"], **derive.generators(e)},
        steps=derive.snapshots(e),
        scale=e["time_guidance"]["scale"],
        threats=derive.threats(e),
        variant=e["classifier_free"]["variant"],
        unguided=e["classifier_free"]["unguided"],
        labels=derive.likelihood_labels(e),
    )
    published = defaultdict(Counter)
    with open(inputs.published, newline="") as file:
        for row in csv.DictReader(file):
            published[row["table"]][float(row["value"])] += row["experiment"] == "cifar10"
    del published["robustness"], published["unconditional"]
    assert set(published) == {
        "time_quality",
        "time_iterations",
        "time_threats",
        "time_scales",
        "time_precision",
        "classifier_free",
        "preferences",
        "likelihood",
        "generators",
        "modes",
    }
    for name, wanted in published.items():
        body = table_of(name)(inputs, params).body
        shown = Counter(
            float(number) for line in filter(None, body) for cell in line for number in re.findall(r"\d+\.?\d*", cell)
        )
        assert wanted <= shown, f"{name}: {sorted((wanted - shown).elements())} of published.csv are not shown"


def table_of(name):
    """The function that makes a table, wherever its topic is."""
    functions = (getattr(topic(module), f"table_{name}", None) for module in derive.modules("reporting/topics"))
    return next(filter(None, functions))


VARIANTS = {
    "base": {"guidance": "unguided", "model": "unconditional"},
    "plain": {"guidance": "unguided", "model": "conditional"},
    "given": {"guidance": "unguided", "model": "joint"},
    "van": {"guidance": "classifier", "model": "conditional", "classifier": "time-vanilla", "unit": "sigma2"},
    "rob": {"guidance": "classifier", "model": "conditional", "classifier": "time-l2-0.5-7", "unit": "sigma2"},
    "energy": {"guidance": "energy", "model": "unconditional", "classifier": "eps1", "unit": "sigmoid"},
    "free": {"guidance": "classifier_free", "model": "joint", "unit": "difference"},
    "both": {"guidance": "free_and_energy", "model": "joint", "classifier": "eps1", "unit": "sigmoid", "w": 0.1},
    "frail": {"guidance": "classifier", "model": "unconditional", "classifier": "eps0", "unit": "sigma"},
    "firm": {"guidance": "classifier", "model": "unconditional", "classifier": "eps1", "unit": "sigma"},
    "standard": {"guidance": "energy", "model": "unconditional", "classifier": "eps1", "unit": "standard"},
    "twice": {"guidance": "joint", "model": "unconditional", "classifier": "eps1", "unit": "sigmoid", "lambda": 0.5},
}
CLASSIFIERS = {
    **{f"eps{eps:g}": {"kind": "image", "eps_train": eps} for eps in (0, 0.5, 1)},
    "time-vanilla": {"kind": "time", "eps_train": 0.0},
    **dict.fromkeys(("time-l2-0.5-7", "time-l2-1-7"), {"kind": "time", "eps_train": 0.5}),
}
GUIDED = [name for name, spec in VARIANTS.items() if "unit" in spec]


@pytest.fixture
def found(tmp_path):
    """A function that makes `Samples` of all kinds of systems, all alike but for what it is given; and the params of all."""

    def build(without=(), **own):
        variants = {n: {"label": n.title(), "sampler": "ddpm", **spec} for n, spec in VARIANTS.items() if n not in without}
        usual = {name: {1 if "unit" in spec else 0: {}} for name, spec in variants.items()}
        models = {"unconditional": {"p_uncond": 1}, "conditional": {"p_uncond": 0}, "joint": {"p_uncond": 0.1}}
        params = SimpleNamespace(title="tests", models=models, variants=variants, baseline="base", energy={"classifier": "eps1"})
        params.classifiers = CLASSIFIERS
        floor = write(tmp_path / "floor.json", {"fid": [1]})
        return Samples(SimpleNamespace(metrics=measure(tmp_path, {**usual, **own}), floor=floor), params)

    return build


COMPARED = SimpleNamespace(time_guidance={**TIME, "scale": 2}, threats=THREATS)
VERDICTS = [(-1, "lower"), (0, "the same within its spread"), (1, "higher")]


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_the_sentence_on_the_robust_classifier_compares_it_with_either(found, more, verdict):
    def say(**robust):
        return topic("time_classifiers").numbers_time_dependent(found(van={4: {}}, rob={2: robust}), COMPARED)["sayTimeQuality"]

    assert f"FID with the robust classifier is {verdict} ({pm(5 + more)} at $s=2$, against {pm(5)} at $s=4$" in say(fid=5 + more)
    assert f"against the unguided model ({pm(5)}) its FID is {verdict}." in say(fid=5 + more)
    assert f"its precision is {verdict} and its recall the same" in say(precision=0.5 + more / 5)
    assert f"and its recall {verdict};" in say(recall=0.5 + more / 5)


def test_the_sentence_on_scales_counts_those_that_both_have_and_follows_the_line_to_its_end(found):
    said = topic("time_classifiers").numbers_time_dependent(
        found(
            van={1: {"fid": 4}, 2: {"fid": 4}, 3: {"precision": 0.7, "recall": 0.4}},
            rob={1: {"fid": 3}, 2: {"fid": 6}, 3: {"fid": 4}, 4: {"fid": 1, "recall": 0.9}, 8: {"precision": 0.2}},
        ),
        COMPARED,
    )["sayTimeScales"]
    assert "the lower mean FID at 2 of 3." in said
    assert "with the vanilla classifier precision goes up (0.50 to 0.70) and recall down (0.50 to 0.40)" in said
    assert "with the robust classifier precision goes down (0.50 to 0.20) and recall level (0.50 to 0.50)" in said


@pytest.mark.parametrize(
    ("fids", "said"),
    [
        ((6, 5, 4), "least at the end of its training (4.00)."),
        ((6, 4, 5), "least after 2,000 iterations (4.00); at the end of the training, after 3,000, it is above that (5.00)."),
        ((4, 6, 4.001), "least after 1,000 iterations (4.00); at the end of the training, after 3,000, it is within the spread"),
    ],
)
def test_the_sentence_on_iterations_says_where_the_fid_is_least(tmp_path, fids, said):
    snapshots = {"plain@1000": 1000, "plain@2000": 2000, "plain": 3000}
    files = measure(tmp_path, {name: {0: {"fid": fid}} for name, fid in zip(snapshots, fids, strict=True)})
    params = SimpleNamespace(snapshots=snapshots)
    assert said in topic("time_classifiers").numbers_iterations(SimpleNamespace(metrics=files), params)["sayTimeIterations"]


@pytest.mark.parametrize(
    ("fids", "said"),
    [
        ((5, 6, 4, 5), r"$\ell_\infty$ of radius 4/255 with 5 steps (4.00), the largest is 6.00: a difference of more than"),
        ((5, 5.001, 5.002, 5.003), r"$\ell_2$ of radius 0.5 with 7 steps (5.00), the largest is 5.00: a difference of no more"),
    ],
)
def test_the_sentence_on_threats_names_the_best_and_says_whether_it_matters(tmp_path, fids, said):
    files = measure(tmp_path, {name: {1: {"fid": 0.5}, 2: {"fid": fid}} for name, fid in zip(THREATS, fids, strict=True)})
    files += measure(tmp_path, {"plain": {0: {"fid": 4.5}}})
    found = topic("time_classifiers").numbers_threats(SimpleNamespace(metrics=files), COMPARED)["sayTimeThreats"]
    assert said in found
    assert f"The least is {'below' if min(fids) < 4.5 else 'above'} that of the same model unguided (4.50)." in found


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_the_sentences_on_classifier_free_guidance_follow_its_line_from_no_guidance(found, more, verdict):
    params = SimpleNamespace(classifier_free={"variant": "free", "unguided": "given"})
    samples = found(given={0: {"is": 7}}, free={0.1: {"fid": 5 + more, "fjd_train": 1}, 3: {"fid": 9, "is": 7 + more}})
    said = topic("classifier_free").numbers_classifier_free(samples, params)
    assert rf"at its best scale ($w=0.1$), has a class accuracy of {pm(50, 1)}\%" in said["sayClassifierFree"]
    assert f"its FID is {verdict} ({pm(5 + more)} against {pm(5)})" in said["sayClassifierFree"]
    least, most = "0.1" if more < 0 else "0", "3" if more > 0 else "0"
    assert f"least at $w = {least}$ ({min(5, 5 + more):.2f})" in said["sayFreeScales"]
    assert f"highest at $w = {most}$ ({max(7, 7 + more):.2f})" in said["sayFreeScales"]


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_both_kinds_of_guidance_together_are_compared_with_each_alone(found, more, verdict):
    said = topic("classifier_free").numbers_together(
        found(energy={2: {"fid": 9, "accuracy": 0.5}}, both={4: {"fid": 5 + more, "accuracy": 0.9}})
    )
    assert said["freeWeight"] == "0.1" and f"With both, at $s=4$, the FID is {pm(5 + more)}" in said["sayTogether"]
    assert f"its FID is {verdict} and its class accuracy higher compared with \\emph{{Free}} at $w=1$" in said["sayTogether"]
    assert "its FID is lower and its class accuracy higher compared with \\emph{Energy} at $s=2$" in said["sayTogether"]
    assert "not combined in this edition" in topic("classifier_free").numbers_together(found(without=["both"]))["sayTogether"]


def test_the_sentence_on_the_implicit_classifier_names_its_nearest_and_its_farthest(tmp_path):
    def say(**mean):
        names = ["eps0.5", "time-vanilla", "time-l2-1-7"]
        found = {
            "accuracy": {"all": 0.9, "classifiers": dict(zip(names, (0.95, 0.75, 0.85), strict=True))},
            "alignment": {name: {"0": mean[name[:6]] - 0.1, "500": mean[name[:6]] + 0.1} for name in names},
            "protocol": {"n": 2000, "timesteps": [0, 500]},
        }
        return topic("implicit").numbers_implicit(
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


@pytest.mark.parametrize(("more", "verdict"), VERDICTS)
def test_the_last_word_is_on_the_guided_system_of_the_least_joint_distance(found, more, verdict):
    best = {"fid": 8, "fjd_train": 3 + more}
    said = topic("guidance").numbers_overall(
        found(plain={0: {"fjd_train": 3, "fid": 6}}, free={2: best, 4: {"fid": 4}}), COMPARED
    )
    assert said["nSystems"] == len(VARIANTS)
    assert f"belongs to \\emph{{Free}} at $w=2$: FID {pm(8)}" in said["sayOverall"]
    assert f"model (FID {pm(6)}) that distance is {verdict}." in said["sayOverall"]


def test_best_scales_at_the_ends_of_their_grids_are_named(found):
    inside = {1: {"fjd_train": 9}, 2: {"fjd_train": 1}, 4: {"fjd_train": 9}}
    said = topic("guidance").numbers_edges(found(**dict.fromkeys(("van", "rob", "free", "energy", "both"), inside)))["sayEdges"]
    assert said == "No best scale lies at an end of its grid."
    low, high = {1: {"fjd_train": 1}, 2: {}}, {1: {}, 2: {"fjd_train": 1}}
    said = topic("guidance").numbers_edges(found(van=low, rob=inside, free=low, energy=high, both={3: {}}))["sayEdges"]
    assert r"the smallest tried for \emph{Van} and \emph{Free}, and the largest tried for \emph{Energy}, so" in said


def said_of(samples):
    """All that the text says of samples, by macro."""
    params = SimpleNamespace(**vars(COMPARED), classifier_free={"variant": "free", "unguided": "given"})
    on_samples = (
        topic("guidance").numbers_plain_against_robust,
        topic("energy_guidance").numbers_schedulers,
        topic("energy_guidance").numbers_joint,
        topic("guidance").numbers_scales,
        topic("guidance").numbers_best,
    )
    found = [
        function(samples)
        for function in (*on_samples, topic("classifier_free").numbers_together, topic("guidance").numbers_edges)
    ]
    found += [
        function(samples, params)
        for function in (
            topic("time_classifiers").numbers_time_dependent,
            topic("classifier_free").numbers_classifier_free,
            topic("guidance").numbers_overall,
        )
    ]
    return {name: str(text) for part in found for name, text in part.items()}


def test_a_scale_that_diverged_takes_no_part_in_what_is_said(found):
    grid = {1: {"fjd_train": 9}, 2: {"fid": 3, "accuracy": 0.7}, 4: {"fid": 4}}
    without = said_of(found(**dict.fromkeys(GUIDED, grid)))
    said = said_of(found(**dict.fromkeys(GUIDED, {0.5: LOST, **grid, 8: LOST})))
    assert said == without and "diverged" not in "".join(said.values())


def test_a_best_scale_beside_one_that_diverged_is_not_at_the_end_of_its_grid(found):
    grid = {1: {"fjd_train": 9}, 2: {"fjd_train": 1}}
    said = [
        topic("guidance").numbers_edges(found(**dict.fromkeys(GUIDED, {**grid, **more})))["sayEdges"] for more in ({}, {4: LOST})
    ]
    assert said[0].startswith("The best scale is the largest tried for") and said[1].startswith("No best scale")


@pytest.mark.parametrize("lost", [*([name] for name in GUIDED), GUIDED], ids=lambda lost: "-".join(lost))
def test_variants_that_diverged_at_every_scale_are_named_as_such_and_compared_with_nothing(found, lost):
    said = said_of(found(**dict.fromkeys(lost, {1: LOST, 2: LOST})))
    sorry = {name: text for name, text in said.items() if text.startswith("There is nothing to compare: samples of ")}
    for name in lost:
        label = rf"\emph{{{name.title()}}}"
        assert any(label in text for text in sorry.values())
        assert not any(label in text for macro, text in said.items() if macro not in sorry)
    assert "nan" not in "".join(said.values()) and said["sayScales"].endswith(".")
    assert (lost == GUIDED) == ("sayOverall" in sorry) == ("sayBest" in sorry)


def test_the_sentence_on_threats_leaves_out_those_that_diverged(tmp_path):
    files = measure(
        tmp_path, {"plain": {0: {"fid": 4.5}}, **{name: {2: {"fid": 3} if name == "rob+a" else LOST} for name in THREATS}}
    )
    said = topic("time_classifiers").numbers_threats(SimpleNamespace(metrics=files), COMPARED)["sayTimeThreats"]
    assert r"belongs to $\ell_2$ of radius 0.5 with 5 steps (3.00), the largest is 3.00" in said
    files += measure(tmp_path, {"rob+a": {2: LOST}})
    assert (
        "under every threat model"
        in topic("time_classifiers").numbers_threats(SimpleNamespace(metrics=files), COMPARED)["sayTimeThreats"]
    )


def test_the_sentence_on_trajectories_leaves_out_those_that_diverged(found, tmp_path):
    ends = {name: {"end": {"E(x,y)": value}} for name, value in (("base", 3.0), ("free", -2.0))}
    inputs = SimpleNamespace(trajectories=write(tmp_path / "t.json", {"van": {"diverged": True}, **ends}))
    said = topic("trajectories").numbers_trajectory(inputs, found())["sayTrajectory"]
    assert r"lowest for \emph{Free} ($-2.0$ nats), and highest for \emph{Base} ($3.0$ nats)" in said


def test_the_distance_of_the_densities_is_told(tmp_path):
    save_arrays(tmp_path / "d.npz", {}, distances={"0": 0.07, "3": 0.301})
    said = topic("densities").numbers_densities(SimpleNamespace(densities=str(tmp_path / "d.npz")))["sayDensities"]
    assert said == "The total variation between the rows is 0.07 at $w = 0$ and 0.30 at $w = 3$."


def test_the_sentence_on_the_survey_counts_its_answers_or_says_that_there_are_none(tmp_path):
    said = topic("survey").numbers_survey(SimpleNamespace(**answers(tmp_path)))
    assert said["nAnswers"] == 8 and "Raters: 4, answers: 8, on 5 pairs" in said["saySurvey"]
    assert r"62.5\% for the robust classifier, 25.0\% for the vanilla one, 12.5\% for neither" in said["saySurvey"]
    assert "robust one on 3 pairs, the vanilla one on 1 (two-sided sign test over pairs, $p = 0.62$)" in said["saySurvey"]
    none = topic("survey").numbers_survey(SimpleNamespace(answers=[], survey="never read"))
    assert none["nAnswers"] == 0 and "no answers were collected" in none["saySurvey"]


CLASSES = ["ant", "bee", "cat"]


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    pyplot().close("all")


@pytest.fixture
def images():
    """A function that makes random arrays of a shape, all different."""
    rng = np.random.default_rng(0)
    return lambda *shape: rng.uniform(-1, 1, shape)


def grid(figure):
    """What a gallery shows, once it has been laid out: label -> images, and the titles above."""
    figure.draw_without_rendering()
    columns = figure.axes[0].get_subplotspec().get_gridspec().ncols
    lines = [figure.axes[i : i + columns] for i in range(0, len(figure.axes), columns)]
    shown = [(line[0].get_ylabel(), np.array([axes.images[0].get_array() for axes in line if axes.images])) for line in lines]
    return shown, [axes.get_title() for axes in lines[0]]


def first_shard(folder, variant, *scales):
    """The first shard of a variant, two samples of each class: scale -> images, as they are drawn; and where it is."""
    rng = np.random.default_rng(len(variant))
    images = {f"{s:g}": rng.integers(0, 256, (2 * len(CLASSES), 1, 2, 2), np.uint8) for s in scales}
    path = folder / f"samples/{variant}/{'_'.join(images)}/0.npz"
    save_arrays(path, images)
    return str(path), {scale: value[:, 0] / 255 for scale, value in images.items()}


def test_pairs_are_the_first_samples_at_one_scale(tmp_path):
    shards = {"plain": first_shard(tmp_path, "plain", 0)}
    shards |= {name: first_shard(tmp_path, name, 1, 4) for name in ("van", "rob")}
    data = write(tmp_path / "data.json", {"classes": CLASSES})
    inputs = SimpleNamespace(data=data, samples=[path for path, _ in shards.values()])
    shown, titles = grid(topic("time_classifiers").figure_time_pairs(inputs, SimpleNamespace(variants=LABELS, scale=4)))
    wanted = {"Plain": ("plain", "0"), "Van": ("van", "4"), "Rob": ("rob", "4")}
    assert titles == CLASSES and [label for label, _ in shown] == list(wanted)
    for label, drawn in shown:
        name, scale = wanted[label]
        assert np.array_equal(drawn, shards[name][1][scale][:3])


def test_free_samples_at_no_guidance_are_those_of_the_unguided_variant(tmp_path):
    (plain, unguided), (free, guided) = first_shard(tmp_path, "plain", 0), first_shard(tmp_path, "free", 1, 3)
    inputs = SimpleNamespace(data=write(tmp_path / "data.json", {"classes": CLASSES}), samples=[plain, free])
    params = SimpleNamespace(variant="free", unguided="plain", shown=[0, 3])
    shown, titles = grid(topic("classifier_free").figure_free_samples(inputs, params))
    assert titles == CLASSES and [label.partition(",")[0] for label, _ in shown] == ["$w=0$"] * 2 + ["$w=3$"] * 2
    for i, wanted in enumerate((unguided["0"], guided["3"])):
        assert np.array_equal(shown[2 * i][1], wanted[:3]) and np.array_equal(shown[2 * i + 1][1], wanted[3:])


@pytest.fixture
def looked_at(tmp_path, images):
    """The inputs of the figures of time-dependent classifiers, and their arrays: 2 timesteps, 3 images."""
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
    shown, titles = grid(topic("time_classifiers").figure_time_gradients(inputs, SimpleNamespace(variants=TWO, images=2)))
    assert titles == ["$t = 0$", "$t = 700$"]
    assert [label for label, _ in shown] == ["ant: $x_t$", "ant: Van", "ant: Rob", "bee: $x_t$", "bee: Van", "bee: Rob"]
    drawn = dict(shown)
    assert np.allclose(drawn["bee: $x_t$"], (arrays["x_t"][:, 1, 0] + 1) / 2)
    wanted = arrays["rob gradients"][:, 1, 0]
    largest = np.array([np.abs(gradient).max() for gradient in wanted])
    assert np.allclose((2 * drawn["bee: Rob"] - 1) * largest[:, None, None], wanted)


def test_attacks_stand_below_their_images_with_both_classes_named(looked_at):
    inputs, arrays = looked_at
    shown, titles = grid(topic("time_classifiers").figure_time_attacks(inputs, SimpleNamespace(variants=TWO)))
    assert titles == [r"ant $\to$ cat", r"bee $\to$ ant", r"cat $\to$ bee"]
    wanted = {"image": "images", "Van": "van maximised", "Rob": "rob maximised"}
    assert [label for label, _ in shown] == list(wanted)
    assert all(np.allclose(drawn, (arrays[wanted[label]][:, 0] + 1) / 2) for label, drawn in shown)


def test_predictions_are_the_frames_of_the_shown_classes(looked_at):
    inputs, arrays = looked_at
    shown, _ = grid(topic("time_classifiers").figure_time_predictions(inputs, SimpleNamespace(variants=TWO, shown=[0, 2])))
    wanted = {"ant: Van": ("van", 0), "ant: Rob": ("rob", 0), "cat: Van": ("van", 2), "cat: Rob": ("rob", 2)}
    assert [label for label, _ in shown] == list(wanted)
    for label, drawn in shown:
        name, k = wanted[label]
        assert np.allclose(drawn, (arrays[f"{name} x0"][:, k, 0] + 1) / 2)


def test_every_curve_begins_at_its_unguided_model(tmp_path):
    line = {0.1: {"is": 4, "fid": 3}, 0.5: {"is": 5, "fid": 4}, 2: {"is": 6, "fid": 9}}
    files = measure(tmp_path, {"given": {0: {"is": 3, "fid": 6}}, "free": line, "van": {1: {"is": 7, "fid": 8}}})
    variants = {
        "given": {"label": "Given", "model": "joint"},
        "free": {"label": "Free", "unit": "difference", "model": "joint"},
        "van": LABELS["van"],
    }
    params = SimpleNamespace(variants=variants, origins={"joint": "given"}, classifier_free="free")
    figure = topic("classifier_free").figure_fid_is(SimpleNamespace(metrics=files), params)
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


def test_figures_leave_out_what_diverged(tmp_path):
    """A scale among others; and a variant of which nothing else is left."""
    line = {1: {"is": 4, "fid": 3}, 2: LOST, 4: {"is": 5, "fid": 4}}
    files = measure(tmp_path, {"plain": {0: {"is": 3, "fid": 6}}, "van": line, "rob": {1: LOST, 2: LOST}})
    lines = {"plain": {"t": [1, 0], "E(x_t,y)": [2, 1], "E(x_t)": [1, 0], "shift/sigma": [0.0, None]}, "rob": {"diverged": True}}
    lines["van"] = {**lines["plain"], "shift/sigma": [2.0, None]}
    inputs = SimpleNamespace(metrics=files, trajectories=write(tmp_path / "t.json", lines))
    variants = {**LABELS, "rob": {**LABELS["rob"], "unit": "sigma"}}  # the one variant of its unit
    params = SimpleNamespace(variants=variants, origins={"m": "plain"}, classifier_free="van")

    scales = topic("guidance").figure_scales(inputs, params)
    scales.draw_without_rendering()
    drawn = [bar.lines[0].get_xydata().tolist() for axes in scales.axes[:2] for bar in axes.containers]
    assert len(drawn) == 1 and np.allclose(drawn[0], [[1, 3], [4, 4]])
    against = topic("classifier_free").figure_fid_is(inputs, params)
    against.draw_without_rendering()
    drawn = {line.get_label(): line.get_xydata().tolist() for line in against.axes[0].lines}
    assert np.allclose(drawn["Van"], [[3, 6], [4, 3], [5, 4]]) and np.allclose(drawn["Rob"], [[3, 6]])
    for diverged, left in ((["rob"], ["Plain", "Van"]), (["rob", "van"], ["Plain"])):
        write(tmp_path / "t.json", {**lines, **dict.fromkeys(diverged, {"diverged": True})})
        followed = topic("trajectories").figure_trajectory(inputs, params)
        followed.draw_without_rendering()
        assert [line.get_label() for line in followed.axes[0].lines] == left


def test_densities_stand_in_pairs_with_the_first_coordinate_to_the_right(tmp_path, images):
    arrays = {f"{kind} {w}": images(4, 4) for kind in ("exact", "sampled") for w in (0, 3)}
    save_arrays(tmp_path / "densities.npz", arrays, range=2.5)
    figure = topic("densities").figure_densities(
        SimpleNamespace(arrays=str(tmp_path / "densities.npz")), SimpleNamespace(scales=[0, 3])
    )
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
    figure = topic("implicit").figure_implicit(
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


def macros():
    """Name -> the functions of the topics whose results hold it, read from the sources."""
    made = defaultdict(set)
    for file in [
        *(ROOT / "workflow/energyguide/reporting/topics").glob("*.py"),
        ROOT / "workflow/energyguide/reporting/numbers.py",
    ]:
        tree = ast.parse(file.read_text())
        for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
            if not function.name.startswith("numbers_") and function.name != "latex":
                continue
            for node in ast.walk(function):
                keys = node.keys if isinstance(node, ast.Dict) else []
                if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                    keys = [node.slice]
                for key in keys:
                    if isinstance(key, ast.Constant) and str(key.value).isalpha():
                        made[key.value].add(f"{file.stem}.{function.name}")
    del made["summary"]  # becomes a part of saySummary
    return made


def test_the_paper_uses_every_number_that_is_made_and_no_other():
    made = macros()
    assert len(made) > 80 and {name: where for name, where in made.items() if len(where) > 1} == {}
    paper = "".join(path.read_text() for path in sorted((ROOT / "paper").rglob("*.tex")))
    used, own = set(re.findall(r"\\([A-Za-z]+)", paper)), set(re.findall(r"\\newcommand\{\\([A-Za-z]+)\}", paper))
    assert not own & set(made)
    assert sorted(set(made) - used) == [], "made, but not used in paper/"
    ours = {name for name in used if re.fullmatch("[a-z]+[A-Z][A-Za-z]*", name)}  # LaTeX's own have no capital within
    assert sorted(ours - own - set(made)) == [], "used in paper/, but made nowhere"
