"""Variational diffusion models."""

from energyguide.metrics.statistics import verdicts
from energyguide.reporting.layout import FID, escape, plus_minus
from energyguide.reporting.phrases import said
from energyguide.reporting.read import quality
from energyguide.reporting.samples import Samples


def numbers_cost(inputs, samples, labels):
    """Each model against the unguided DDPM."""
    fid, found = {name: quality(inputs, name, FID) for name in labels}, []
    told = verdicts({name: (values, samples.values(samples.baseline, FID)) for name, values in fid.items()})
    for name, label in labels.items():
        verdict = said(told[name], "above", "below", "not distinguishable from")
        found.append(
            rf"\emph{{{escape(label)}}} has an FID$_\infty$ of {plus_minus(fid[name])}, {verdict} that of "
            rf"{samples.called(samples.baseline)} in as many steps ({samples.text(samples.baseline, FID)})"
        )
    return {"sayVariational": "; ".join(found) + "." if found else "No variational model is trained in this experiment."}


def numbers(inputs, params):
    return numbers_cost(inputs, Samples(inputs, params), params.labels)
