"""The bound on the likelihood of the test images."""

from statistics import fmean

import numpy as np

from energyguide.files.atomic import read_json
from energyguide.metrics.statistics import Number, verdicts
from energyguide.reporting.layout import Published, Table, escape, plus_minus
from energyguide.reporting.phrases import listing, said
from energyguide.reporting.style import WIDTH, pyplot

TERMS = ("prior", "reconstruction", "diffusion", "total")
AUGMENTED = ("extensive", "shifts", "flips")  # how others augmented CIFAR-10; their bits are not comparable with one another
REPORTED = ("plain", *AUGMENTED, "imagenet32", "imagenet64")


def table_likelihood(inputs, params):
    """The variational bound on the test images in bits per dimension, and its terms (Kingma et al. 2021, Table 1)."""
    published = Published(inputs.published, params.published, "likelihood")
    records, body = [], []
    for path, (name, label) in zip(inputs.results, params.labels.items(), strict=True):
        found = read_json(path)
        protocol = {"decoder": found["decoder"], **found["protocol"]}
        longest = list(found["discrete"])[-1]
        lines = {longest: found["discrete"][longest]}
        if "continuous" in found:
            lines[r"$\infty$"] = found["continuous"]["learned"]
        for steps, terms in lines.items():
            numbers = {term: Number.of(terms[term]) for term in TERMS}
            fields = {
                f"{term}{suffix}": value for term, n in numbers.items() for suffix, value in (("", n.mean), ("_std", n.std))
            }
            steps_named = "continuous" if steps not in found["discrete"] else int(steps)
            reported = {f"reported_{column}": published.field(name, column) for column in REPORTED}
            records.append({"model": name, "steps": steps_named, **fields, **reported, **protocol})
            body.append([escape(label) if steps == longest else "", steps, *(plus_minus(terms[term], 3) for term in TERMS)])
    header = ["Model", "Steps", "Prior", "Reconstruction", "Diffusion", "Bits/dim"]
    return Table(records, [header], body + reported_bits(published, params.labels), "lrcccc")


def reported_bits(published, labels):
    """Published bits per dimension, one line a model below a head of their own; of augmented images, with how they were."""
    if not published.values:
        return []
    head = ["Reported, bits/dim", "", "CIFAR-10", "CIFAR-10, augmented", "ImageNet 32", "ImageNet 64"]
    lines = [None, head, None]
    for row in published.rows:
        found = {column: f"{value:.2f}" for column in REPORTED if (value := published.get(row, column)) is not None}
        augmented = ", ".join(f"{found[kind]} ({kind})" for kind in AUGMENTED if kind in found)
        plain, small, large = (found.get(column, "") for column in ("plain", "imagenet32", "imagenet64"))
        lines.append([escape(labels.get(row, row)), "", plain, augmented, small, large])
    return lines


def figure_likelihood(inputs, params):
    """The shapes of a schedule, the diffusion term under each, and the bound by its number of steps (Kingma et al. 2021)."""
    results = dict(zip(params.labels, map(read_json, inputs.results), strict=True))
    figure, (curves, terms, bounds) = pyplot().subplots(1, 3, figsize=(WIDTH, 2.4))
    shaped = next((found for found in results.values() if "gamma" in found), {"gamma": {}, "continuous": {}})
    for number, (name, gamma) in enumerate(shaped["gamma"].items()):
        curves.plot(np.linspace(0, 1, len(gamma)), gamma, color=f"C{number}", label=name)
        term = Number.of(shaped["continuous"][name]["diffusion"])
        terms.errorbar([number], [term.mean], [term.std], fmt="o", color=f"C{number}", capsize=3)
    curves.set(xlabel="$t$", ylabel=r"$\gamma(t) = -\log$ SNR")
    terms.set_xticks(range(len(shaped["gamma"])), list(shaped["gamma"]), rotation=30)
    terms.set_ylabel("diffusion term (bits/dim)")
    for number, (name, found) in enumerate(results.items()):
        line = {int(steps): Number.of(terms["total"]).mean for steps, terms in found["discrete"].items()}
        bounds.plot(list(line), list(line.values()), "o-", color=f"C{number + 4}", label=params.labels[name])
        if "continuous" in found:
            total = Number.of(found["continuous"]["learned"]["total"]).mean
            bounds.axhline(total, color=f"C{number + 4}", linestyle="--", linewidth=0.8)
    bounds.set(xlabel="steps", ylabel="bound (bits/dim)", xscale="log", yscale="log")
    if shaped["gamma"]:
        curves.legend()
    bounds.legend()
    return figure


def bits(values):
    return plus_minus(values, 3)


def whole(found):
    """The longest bound of a model: in continuous time where there is one."""
    return found["continuous"]["learned"] if "continuous" in found else list(found["discrete"].values())[-1]


def numbers(inputs, params):
    """The bounds of the models against each other, by their steps, and by the shape of the schedule."""
    results = dict(zip(params.labels, map(read_json, inputs.likelihoods), strict=True))
    protocol = next(iter(results.values()))["protocol"]
    totals = {name: whole(found)["total"] for name, found in results.items()}
    names = {name: rf"\emph{{{escape(label)}}}" for name, label in params.labels.items()}
    best = min(totals, key=lambda name: fmean(totals[name]))
    others = listing(f"{names[name]} at {bits(total)}" for name, total in totals.items() if name != best)
    fewer = {name: next(iter(found["discrete"].items())) for name, found in results.items()}
    told = verdicts({name: (terms["total"], totals[name]) for name, (_, terms) in fewer.items()})
    words = {name: said(verdict, "looser", "lower", "not distinguishable") for name, verdict in told.items()}
    steps = listing(
        f"{bits(terms['total'])} in {count} steps for {names[name]} ({words[name]})" for name, (count, terms) in fewer.items()
    )
    return {
        "likelihoodImages": f"{protocol['n']:,}",
        "likelihoodDraws": protocol["draws"],
        "sayLikelihood": f"The lowest bound is that of {names[best]}, {bits(totals[best])} bits per dimension"
        + (f", with {others}." if len(totals) > 1 else "."),
        "sayBoundSteps": f"With few steps the bound is {steps}.",
        "sayInvariance": invariance([found for found in results.values() if "continuous" in found]),
    }


def invariance(results):
    """How far the diffusion term in continuous time, and the spread of its estimates, depend on the shape of the schedule."""
    if not results or len(results[0]["continuous"]) < 2:
        return "No schedule is put in the place of a learned one in this experiment."
    learned, *shapes = results[0]["continuous"].items()
    told = verdicts({name: (terms["diffusion"], learned[1]["diffusion"]) for name, terms in shapes})
    others = []
    for name, terms in shapes:
        verdict = said(told[name], "above it", "below it", "not distinguishable")
        others.append(f"{bits(terms['diffusion'])} with a {name} one ({verdict})")
    spreads = listing(f"{terms['spread']:.2f} ({name})" for name, terms in results[0]["continuous"].items())
    return (
        f"With the learned schedule the diffusion term is {bits(learned[1]['diffusion'])} bits per dimension; it is "
        f"{listing(others)}. "
        f"What does depend on the shape is the standard deviation of a single estimate: {spreads}."
    )
