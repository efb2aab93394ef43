"""Variational diffusion models."""

from energyguide.metrics.statistics import Number, compare
from energyguide.reporting.layout import escape, plus_minus
from energyguide.reporting.read import quality
from energyguide.reporting.samples import Samples


def numbers_cost(inputs, samples, labels):
    """Each model against the unguided DDPM."""
    said = []
    for name, label in labels.items():
        fid = quality(inputs, name, "fid")
        verdict = compare(Number.of(fid), samples.number(samples.baseline, "fid"), "above", "below", "within its spread of")
        said.append(
            rf"\emph{{{escape(label)}}} has an FID of {plus_minus(fid)}, {verdict} that of "
            rf"{samples.called(samples.baseline)} in as many steps ({samples.text(samples.baseline, 'fid')})"
        )
    return {"sayVariational": "; ".join(said) + "." if said else "No variational model is trained in this experiment."}


def numbers(inputs, params):
    return numbers_cost(inputs, Samples(inputs, params), params.labels)
