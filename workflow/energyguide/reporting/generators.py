"""The macros on generative models beside the diffusion models of the thesis: their likelihood, and their cost."""

from statistics import fmean

from energyguide.reporting.layout import escape, plus_minus
from energyguide.reporting.phrases import compare, listing, percent
from energyguide.reporting.results import Number, at_scale, read_metrics
from energyguide.storage import read_json, read_sidecar


def bits(values):
    return plus_minus(values, 3)


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
    steps = listing(
        f"{bits(terms['total'])} in {count} steps for {names[name]} ({looser(terms['total'], totals[name])})"
        for name, (count, terms) in fewer.items()
    )
    return {
        "likelihoodImages": f"{protocol['n']:,}",
        "likelihoodDraws": protocol["draws"],
        "sayLikelihood": f"The lowest bound is that of {names[best]}, {bits(totals[best])} bits per dimension"
        + (f", with {others}." if len(totals) > 1 else "."),
        "sayBoundSteps": f"With few steps the bound is {steps}.",
        "sayInvariance": invariance([found for found in results.values() if "continuous" in found]),
    }


def looser(values, longest):
    """A bound of few steps, as against one of many or in continuous time."""
    return compare(Number.of(values), Number.of(longest), "looser", "lower", "the same within its spread")


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


def quality(inputs, name, key):
    """A measure of an unguided system, one value a set."""
    return at_scale(read_metrics(inputs.metrics, name), 0)[key]


def cost(inputs, samples, params):
    """Each model beside the diffusion models, against the unguided DDPM."""
    said = []
    for name, spec in params.generators.items():
        if name in params.adversarial:
            continue
        fid = quality(inputs, name, "fid")
        verdict = compare(Number.of(fid), samples.number(samples.baseline, "fid"), "above", "below", "within its spread of")
        said.append(
            rf"\emph{{{escape(spec['label'])}}} has an FID of {plus_minus(fid)}, {verdict} that of "
            rf"{samples.called(samples.baseline)} in as many steps ({samples.text(samples.baseline, 'fid')})"
        )
    return {"sayVariational": "; ".join(said) + "." if said else "No variational model is trained in this edition."}


def adversarial(inputs, params):
    """Denoising diffusion GANs by their number of steps, and what leaving a part of them out changes."""
    models = params.adversarial
    whole = {name: spec for name, spec in models.items() if spec["kind"] == "posterior" and "latent" not in spec}
    by_steps = {spec["steps"]: name for name, spec in whole.items()}
    line = [
        f"{plus_minus(quality(inputs, name, 'fid'))} (recall {plus_minus(quality(inputs, name, 'recall'))}) in {steps}"
        for steps, name in by_steps.items()
    ]
    said = []
    for name, spec in models.items():
        if name not in whole and spec["steps"] in by_steps:
            fid, whole_fid = quality(inputs, name, "fid"), quality(inputs, by_steps[spec["steps"]], "fid")
            verdict = compare(Number.of(fid), Number.of(whole_fid), "higher than", "lower than", "the same within its spread as")
            said.append(
                rf"that of \emph{{{escape(spec['label'])}}}, {plus_minus(fid)}, is {verdict} that of the whole model "
                f"in {spec['steps']}"
            )
    return {
        "sayGans": f"The FID of the whole model is {listing(line)} step{'s' if [*by_steps] != [1] else ''}."
        if line
        else "No whole model is trained in this edition.",
        "sayGanAblations": f"Of the FIDs without a part, {'; '.join(said)}."
        if said
        else "None without a part has a whole model of as many steps beside it in this edition.",
    }


def modes(inputs):
    """What the models of points and of stacked digits cover."""
    points = {found["steps"]: found["drawn"] for found in map(read_sidecar, inputs.points)}
    plane = listing(
        f"{found['modes']} with $T={steps}$ ({100 * found['share']:.0f}\\% of the points near one)"
        for steps, found in points.items()
    )
    stacked = read_json(inputs.stacked)
    drawn, real = stacked["drawn"], stacked["real"]
    return {
        "stackedSamples": f"{stacked['samples']:,}",
        "stackedAccuracy": percent(stacked["accuracy"]),
        "stackedSteps": stacked["steps"],
        "sayPoints": f"Of the {next(iter(points.values()))['of']} Gaussians the models cover {plane}.",
        "sayStacked": f"The model covers {drawn['modes']:,} of the {drawn['of']:,} kinds, at a divergence of "
        f"{drawn['kl']:.3f} nats; as many real images cover {real['modes']:,}, at {real['kl']:.3f}.",
    }
