"""Likelihoods, costs and modes of the models beside the diffusion models, in tables, sentences and figures."""

from types import SimpleNamespace

import pytest
from measurements import LOST, bounds, measure, mode_files, nothing_stays_open, pm, publish, records, rows  # noqa: F401

from energyguide.reporting.topics import cost, ddgan, likelihood, modes, vdm


@pytest.fixture
def likelihoods(tmp_path):
    """A fixed schedule at 4 bits, and a learned one at 3; inputs and params of what is made of them."""
    files = [bounds(tmp_path, "plain", 4, ()), bounds(tmp_path, "vdm", 3, ("learned", "linear", "quadratic"))]
    cells = "plain,flips,3.69", "vdm,plain,2.65", "vdm,extensive,2.49", "Some_Flow,plain,3.08", "Some_Flow,imagenet64,3.5"
    published = publish(tmp_path, *(f"likelihood,{cell}" for cell in cells))
    labels = {"plain": "DDPM", "vdm": "Variational"}
    inputs = SimpleNamespace(results=files, likelihoods=files, published=published)
    return inputs, SimpleNamespace(published="cifar10", labels=labels)


def test_bounds_stand_at_their_most_steps_and_in_continuous_time_with_the_reported_ones(likelihoods):
    table = likelihood.table_likelihood(*likelihoods)
    models = [(row["model"], row["steps"], float(row["total"]), row["reported_plain"]) for row in records(table)]
    assert models == [("plain", "99", 4, ""), ("vdm", "99", 3, "2.65"), ("vdm", "continuous", 3, "2.65")]
    assert [row["decoder"] for row in records(table)] == ["from_prediction", "from_latent", "from_latent"]
    ours, reported = rows(table)[1:4], rows(table)[5:]
    totals = [("DDPM", r"$4.000 \pm 0.014$"), *[(name, r"$3.000 \pm 0.014$") for name in ("Variational", "")]]
    assert [(line[0], line[-1]) for line in ours] == totals
    assert reported == [
        ["DDPM", "", "", "3.69 (flips)", "", ""],
        ["Variational", "", "2.65", "2.49 (extensive)", "", ""],
        [r"Some\_Flow", "", "3.08", "", "", "3.50"],
    ]


def test_the_sentences_on_likelihood_name_the_lowest_bound_and_what_the_shape_changes(likelihoods):
    said = likelihood.numbers(*likelihoods)
    lowest = r"The lowest bound is that of \emph{Variational}, $3.000 \pm 0.014$ bits per dimension, with \emph{DDPM} at $4.000"
    assert said["sayLikelihood"].startswith(lowest) and (said["likelihoodImages"], said["likelihoodDraws"]) == ("30", 2)
    assert "above it" in said["sayInvariance"] and "3.00 (linear)" in said["sayInvariance"]
    assert r"$5.000 \pm 0.000$ in 10 steps for \emph{DDPM}" in said["sayBoundSteps"]


def test_schedules_and_bounds_are_drawn_each_in_its_colour(likelihoods):
    curves, terms, bounds = likelihood.figure_likelihood(*likelihoods).axes
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
    table = cost.table_generators(inputs, SimpleNamespace(published="cifar10", variants=labels))
    cells = rows(table)[1:]
    assert cells[0] == ["Slow", pm(2), pm(2), pm(0.5), pm(0.5), "2.00", "5", "0.1"]
    assert cells[-1] == ["A GAN, Some data", "--", "--", "--", "--", "3.75", "--", "0.21"]
    figure = cost.figure_generators(inputs, SimpleNamespace(variants={**labels, "lost": {"label": "Lost"}}))
    points = [[container[0].get_xydata().tolist()[0] for container in axes.containers] for axes in figure.axes]
    assert points[0] == [[100, 2], [100, 1]] and len(points[1]) == 2
    samples = SimpleNamespace(baseline="slow", values=lambda *_: [2, 2.02], called=str, text=lambda *_: "2")
    said = vdm.numbers_cost(inputs, samples, {"fast": "Fast"})["sayVariational"]
    assert said == rf"\emph{{Fast}} has an FID$_\infty$ of {pm(3)}, above that of slow in as many steps (2)."


def test_modes_stand_by_steps_below_those_of_real_images(tmp_path):
    published = publish(tmp_path, "modes,A GAN,modes,762", "modes,A GAN,kl,2.173")
    inputs = SimpleNamespace(**mode_files(tmp_path), published=published)
    assert [line[1:] for line in rows(modes.table_modes(inputs, SimpleNamespace(published="cifar10")))[2:]] == [
        ["25/25", "99.0", "1,000/1,000", "0.020"],
        ["20/25", "40.0", "--", "--"],
        ["25/25", "50.0", "900/1,000", "0.500"],
        ["", "", "762", "2.173"],
    ]
    said = modes.numbers(inputs, None)
    assert "20 with $T=2$" in said["sayPoints"] and r"(50\% of the points near one)" in said["sayPoints"]
    assert "covers 900 of the 1,000 kinds, at a divergence of 0.500 nats" in said["sayStacked"]
    figure = modes.figure_modes(SimpleNamespace(points=inputs.points, stacked=tmp_path / "stacked.npz"), SimpleNamespace())
    assert [axes.get_title() for axes in figure.axes][:3] == ["data", "$T=2$: 20 of 25", "$T=4$: 25 of 25"]
    assert len(figure.axes) == 5


@pytest.mark.parametrize(("fid", "verdict"), [(9, "is higher than"), (3, "is not distinguishable from"), (1, "is lower than")])
def test_a_model_without_a_part_is_compared_with_the_whole_of_as_many_steps(tmp_path, fid, verdict):
    files = measure(tmp_path, {"two": {0: {"fid": 4}}, "four": {0: {"fid": 3}}, "direct": {0: {"fid": fid}}})
    models = {
        "two": {"label": "Two", "steps": 2, "kind": "posterior"},
        "four": {"label": "Four", "steps": 4, "kind": "posterior"},
        "direct": {"label": "Direct", "steps": 4, "kind": "direct"},
    }
    said = ddgan.numbers(SimpleNamespace(metrics=files), SimpleNamespace(models=models))
    assert (
        said["sayGans"].startswith(rf"The FID$_\infty$ of the whole model is {pm(4)} (recall") and "in 2 and" in said["sayGans"]
    )
    assert rf"that of \emph{{Direct}}, {pm(fid)}, {verdict} that of the whole model in 4" in said["sayGanAblations"]
