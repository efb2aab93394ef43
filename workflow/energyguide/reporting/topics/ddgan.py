"""Denoising diffusion GANs."""

from energyguide.metrics.statistics import verdicts
from energyguide.reporting.layout import FID, escape, plus_minus
from energyguide.reporting.phrases import listing, said
from energyguide.reporting.read import quality


def numbers(inputs, params):
    """Denoising diffusion GANs by their number of steps, and what leaving a part of them out changes."""
    models = params.models
    whole = {name: spec for name, spec in models.items() if spec["kind"] == "posterior" and "latent" not in spec}
    by_steps = {spec["steps"]: name for name, spec in whole.items()}
    line = [
        f"{plus_minus(quality(inputs, name, FID))} (recall {plus_minus(quality(inputs, name, 'recall'))}) in {steps}"
        for steps, name in by_steps.items()
    ]
    fid = {name: quality(inputs, name, FID) for name in models}
    parts = {name: spec for name, spec in models.items() if name not in whole and spec["steps"] in by_steps}
    told = verdicts({name: (fid[name], fid[by_steps[spec["steps"]]]) for name, spec in parts.items()})
    ablations = [
        rf"that of \emph{{{escape(spec['label'])}}}, {plus_minus(fid[name])}, is "
        f"{said(told[name], 'higher than', 'lower than', 'not distinguishable from')} that of the whole model in {spec['steps']}"
        for name, spec in parts.items()
    ]
    return {
        "sayGans": rf"The FID$_\infty$ of the whole model is {listing(line)} step{'s' if [*by_steps] != [1] else ''}."
        if line
        else "No whole model is trained in this experiment.",
        "sayGanAblations": rf"Of the FID$_\infty$ without a part, {'; '.join(ablations)}."
        if ablations
        else "None without a part has a whole model of as many steps beside it in this experiment.",
    }
