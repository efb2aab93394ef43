"""The macros on generative models beside the diffusion models of the thesis: their likelihood, and their cost."""

from statistics import fmean

from energyguide.reporting.layout import escape
from energyguide.reporting.phrases import compare, listing
from energyguide.reporting.results import Number, at_scale, read_metrics
from energyguide.storage import read_json


def bits(values):
    number = Number.of(values)
    return rf"${number.mean:.3f} \pm {number.std:.3f}$"


def whole(found):
    """The longest bound of a model: in continuous time where there is one."""
    return found["continuous"]["learned"] if "continuous" in found else list(found["discrete"].values())[-1]


def likelihood(inputs, params):
    """The bounds of the models against each other, by their steps, and by the shape of the schedule."""
    results = dict(zip(params.likelihood_labels, map(read_json, inputs.likelihoods), strict=True))
    protocol = next(iter(results.values()))["protocol"]
    totals = {name: whole(found)["total"] for name, found in results.items()}
    names = {name: rf"\emph{{{escape(label)}}}" for name, label in params.likelihood_labels.items()}
    best = min(totals, key=lambda name: fmean(totals[name]))
    others = listing(f"{names[name]} at {bits(total)}" for name, total in totals.items() if name != best)
    fewer = {name: next(iter(found["discrete"].items())) for name, found in results.items()}
    steps = listing(f"{bits(terms['total'])} in {count} steps for {names[name]}" for name, (count, terms) in fewer.items())
    return {
        "likelihoodImages": f"{protocol['n']:,}",
        "likelihoodDraws": protocol["draws"],
        "sayLikelihood": f"The lowest bound is that of {names[best]}, {bits(totals[best])} bits per dimension"
        + (f", with {others}." if len(totals) > 1 else "."),
        "sayBoundSteps": f"With few steps the bound is looser: {steps}.",
        "sayInvariance": invariance([found for found in results.values() if "continuous" in found]),
    }


def invariance(results):
    """How far the diffusion term in continuous time, and the spread of its estimates, depend on the shape of the schedule."""
    if not results or len(results[0]["continuous"]) < 2:
        return "No schedule is put in the place of a learned one in this edition."
    learned, *shapes = results[0]["continuous"].items()
    own = Number.of(learned[1]["diffusion"])
    said = []
    for name, terms in shapes:
        verdict = compare(Number.of(terms["diffusion"]), own, "above it", "below it", "the same within its spread")
        said.append(f"{bits(terms['diffusion'])} with a {name} one ({verdict})")
    spreads = listing(f"{terms['spread']:.2f} ({name})" for name, terms in results[0]["continuous"].items())
    return (
        f"With the learned schedule the diffusion term is {bits(learned[1]['diffusion'])} bits per dimension; it is "
        f"{listing(said)}. "
        f"What does depend on the shape is the standard deviation of a single estimate: {spreads}."
    )


def cost(inputs, samples, params):
    """The models that are sampled as DDPM is, against it."""
    said = []
    for name, spec in params.generators.items():
        result = at_scale(read_metrics(inputs.metrics, name), 0)
        fid = Number.of(result["fid"])
        verdict = compare(fid, samples.number(samples.baseline, "fid"), "above", "below", "within its spread of")
        said.append(
            rf"\emph{{{escape(spec['label'])}}} ({spec['steps']} steps) has an FID of ${fid.mean:.2f} \pm {fid.std:.2f}$, "
            rf"{verdict} that of {samples.called(samples.baseline)} ({samples.text(samples.baseline, 'fid')})"
        )
    return {"sayGenerators": "; ".join(said) + "." if said else "No other model is trained in this edition."}
