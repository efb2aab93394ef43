"""Classifier-free guidance, alone and with the energy."""

from statistics import fmean

from energyguide.metrics.scales import at_scale, finite, read_metrics
from energyguide.metrics.statistics import Number
from energyguide.reporting.layout import FID, MEASURES, Published, Table, escape, measured, protocol_of
from energyguide.reporting.phrases import WORDS, listing, said
from energyguide.reporting.read import first_samples
from energyguide.reporting.rows import by_scale
from energyguide.reporting.samples import Samples
from energyguide.reporting.style import SHOWN, WIDTH, class_names, gallery, logarithmic, pyplot, styles


def table_classifier_free(inputs, params):
    """FID and IS of classifier-free guidance by its weight w (Ho and Salimans 2022, Table 1)."""
    published = Published(inputs.published, params.published, "classifier_free")
    keys, records, body = ["fid", "is", "precision", "recall", "accuracy"], [], []
    lines = by_scale(inputs, params.unguided, params.variant)
    protocol = protocol_of(read_metrics(inputs.metrics, params.variant))
    best = {"fid": min, "is": max}
    best = {key: choose(Number.of(result[key]).mean for result in finite(lines).values()) for key, choose in best.items()}
    for w, result in lines.items():
        cells, fields = measured(result, keys)
        cells = [rf"\boldmath{cell}" if best.get(key) == fields[key] else cell for key, cell in zip(keys, cells, strict=True)]
        reported = [published.get(w, key) for key in ("fid", "is")]
        extra = ["--" if value is None else f"{value:g}" for value in reported] if published.values else []
        body.append([f"${w}$", *cells, *extra])
        records.append({"w": w, **fields, **{f"{key}_reported": published.field(w, key) for key in ("fid", "is")}, **protocol})
    header, columns = [["$w$", *(MEASURES[key][0] for key in keys)]], "r" + "c" * len(keys)
    if published.values:
        others = [row for row in published.rows if row not in lines]
        cells = [[escape(row), *[""] * len(keys), *published.cells(row, ["fid", "is"])] for row in others]
        body += [None, *cells] if others else []
        above = ["", *["ours"] * len(keys), *[f"reported, {escape(published.data)}"] * 2]
        header, columns = [above, [*header[0], "FID", "IS"]], columns + "cc"
    return Table(records, header, body, columns)


def figure_fid_is(inputs, params):
    """FID against IS along the scales of every guidance system, each from its model without guidance; w beside the curve."""
    figure, axes = pyplot().subplots(figsize=(WIDTH, 3.6))
    looks = styles(params.variants)
    for name, spec in params.variants.items():
        if "unit" not in spec:
            continue
        line = finite(read_metrics(inputs.metrics, name)["scales"])
        if spec["model"] in params.origins:
            line = {"0": at_scale(read_metrics(inputs.metrics, params.origins[spec["model"]]), 0), **line}
        points = {scale: [Number.of(result[key]).mean for key in ("is", "fid")] for scale, result in line.items()}
        free = name == params.classifier_free
        axes.plot(
            *zip(*points.values(), strict=True), label=spec["label"], marker="o", **looks[name], linewidth=2.5 if free else 1.2
        )
        for scale, point in points.items():
            if free and (float(scale) in (0, 0.5) or float(scale) >= 1):
                beside = {"xytext": (6, -2)} if float(scale) else {"xytext": (-6, -2), "ha": "right"}
                axes.annotate(f"$w={scale}$", point, textcoords="offset points", fontsize=6, **beside)
    axes.set(xlabel="IS", ylabel="FID")
    logarithmic(axes)
    figure.legend(loc="outside right upper")
    return figure


def figure_free_samples(inputs, params):
    """Samples of classifier-free guidance at several weights, from the same noise (Ho and Salimans 2022, Fig. 3)."""
    classes, rows = class_names(inputs, params), {}
    for w in params.shown:
        images = first_samples(inputs.samples, params.variant if w else params.unguided, w, 2 * len(classes)) / 255
        for i in range(2):
            rows[f"$w={w:g}$, {'second' if i else 'first'}"] = list(images[i * len(classes) : (i + 1) * len(classes)][:SHOWN])
    return gallery(rows, classes[:SHOWN], label_width=0.9)


def numbers_classifier_free(samples, params):
    """What the extrapolation of the joint model changes, and how FID and IS move with its weight."""
    name, plain = params.compared["variant"], params.compared["unguided"]
    if lost := samples.diverged(name):
        return {"sayClassifierFree": lost, "sayFreeScales": ""}
    told = samples.verdicts(fid=(name, plain, FID))
    line = {"0": samples.metrics[plain]["scales"]["0"], **samples.line(name)}
    least = min(line, key=lambda w: fmean(line[w][FID]))
    most = max(line, key=lambda w: fmean(line[w]["is"]))
    return {
        "sayClassifierFree": rf"Classifier-free guidance of the joint model, at its best scale ({samples.at(name)}), "
        rf"has a class accuracy of {samples.text(name, 'accuracy')}, where the same model without it has "
        rf"{samples.text(plain, 'accuracy')}; its FID$_\infty$ is {said(told['fid'], *WORDS)} ({samples.text(name, FID)} against "
        rf"{samples.text(plain, FID)}), its precision {samples.text(name, 'precision')} against "
        rf"{samples.text(plain, 'precision')}, and its recall {samples.text(name, 'recall')} against "
        rf"{samples.text(plain, 'recall')}.",
        "sayFreeScales": rf"The FID$_\infty$ is least at $w = {least}$ ({fmean(line[least][FID]):.2f}), the IS highest at "
        rf"$w = {most}$ ({fmean(line[most]['is']):.2f}).",
    }


def numbers_together(samples):
    """Classifier-free and energy guidance at once, against each alone."""
    names = samples.select(guidance="free_and_energy")
    if not names:
        return {"sayTogether": "The two kinds of guidance are not combined in this experiment.", "freeWeight": "--"}
    both = names[0]
    spec = samples.variants[both]
    if lost := samples.diverged(both):
        return {"sayTogether": lost, "freeWeight": f"{spec['w']:g}"}
    alone = samples.select(guidance="classifier_free", model=spec["model"])
    alone += samples.select(guidance="energy", unit=spec["unit"], classifier=spec["classifier"])
    alone, parts = [name for name in alone if samples.line(name) and "interval" not in samples.variants[name]], []
    told = samples.verdicts(**{f"{key} {name}": (both, name, key) for name in alone for key in (FID, "accuracy")})
    for name in alone:
        fid, accuracy = (said(told[f"{key} {name}"], *WORDS) for key in (FID, "accuracy"))
        parts.append(
            rf"its FID$_\infty$ is {fid} and its class accuracy {accuracy} compared with {samples.called(name)} "
            f"({samples.text(name, FID)}, {samples.text(name, 'accuracy')})"
        )
    return {
        "freeWeight": f"{spec['w']:g}",
        "sayTogether": rf"With both, at {samples.at(both)}, the FID$_\infty$ is {samples.text(both, FID)} and the class "
        f"accuracy {samples.text(both, 'accuracy')}{': ' if parts else ''}{'; '.join(parts)}.",
    }


COMPARED = (FID, "recall", "accuracy")


def beside(samples, name, other):
    """A variant against another, in three measures: one question."""
    told = samples.verdicts(**{key: (name, other, key) for key in COMPARED})
    fid, recall, accuracy = (said(told[key], *WORDS) for key in COMPARED)
    return (
        rf"Beside {samples.called(other)}, {samples.called(name)} has an FID$_\infty$ that is {fid} "
        rf"({samples.text(name, FID)} against {samples.text(other, FID)}), a recall that is {recall} "
        rf"({samples.text(name, 'recall')} against {samples.text(other, 'recall')}) and a class accuracy that is {accuracy}."
    )


def numbers_interval(samples, params):
    """The same guidance in an interval of timesteps, against that in all, each at its best weight."""
    whole = params.compared["variant"]
    for name in samples.select(guidance="classifier_free"):
        if "interval" in samples.variants[name]:
            low, high = samples.variants[name]["interval"]
            lost = samples.diverged(name, whole)
            return {"sayInterval": lost or f"Here it acts at timesteps from {low} to {high}. {beside(samples, name, whole)}"}
    return {"sayInterval": "This experiment guides at all timesteps."}


def numbers_autoguidance(samples):
    """Guidance away from a snapshot, against the same model unguided."""
    names, plain = samples.select(guidance="autoguidance"), samples.unguided(0)
    if not names or not plain:
        return {"sayAutoguidance": "This experiment does not try it."}
    return {"sayAutoguidance": samples.diverged(*names) or beside(samples, names[0], plain)}


def numbers(inputs, params):
    samples = Samples(inputs, params)
    shown = listing(f"{w:g}" for w in params.compared["shown"])
    return {
        "freeShown": shown,
        **numbers_classifier_free(samples, params),
        **numbers_together(samples),
        **numbers_interval(samples, params),
        **numbers_autoguidance(samples),
    }
