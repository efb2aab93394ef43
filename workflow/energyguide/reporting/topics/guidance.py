"""All guided systems side by side."""

from statistics import fmean

from energyguide.metrics.scales import CHOICE, at_scale, finite, read_metrics
from energyguide.metrics.statistics import Number
from energyguide.reporting.layout import FID, MEASURES, Table
from energyguide.reporting.names import latex
from energyguide.reporting.phrases import WORDS, at_point, listing, said
from energyguide.reporting.read import UNITS, first_samples
from energyguide.reporting.rows import variant_row
from energyguide.reporting.samples import Samples
from energyguide.reporting.style import SHOWN, WIDTH, class_names, gallery, logarithmic, pyplot, styles

WALK = ("model", "sampler", "steps")  # what a variant shares with its model unguided
SHOWN_MEASURES = ("accuracy", FID, "kid", "precision", "recall", "energy_divergence")  # the CSV has all
GUIDED = ["System", r"$\kappa$", "$s$", *(MEASURES[key][0] for key in SHOWN_MEASURES)]


def table_summary(inputs, params):
    """Every guidance system at its best scale."""
    keys, records, body = SHOWN_MEASURES, [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, spec, metrics, metrics["best"], keys)
        records.append(record)
        body.append(cells)
    return Table(records, [GUIDED], body, "lrr" + "c" * len(keys))


def table_scales(inputs, params):
    """All variants at all scales."""
    keys, records, body = SHOWN_MEASURES, [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        for i, scale in enumerate(metrics["scales"]):
            cells, record = variant_row(name, spec, metrics, float(scale), keys)
            records.append(record)
            body.append([cells[0] if i == 0 else "", *cells[1:]])
        body.append(None)
    return Table(records, [GUIDED], body[:-1], "lrr" + "c" * len(keys), long=True)


def figure_samples(inputs, params):
    """The same noise under every variant, each at its best scale; one column a class."""
    classes = class_names(inputs, params)[:SHOWN]
    rows = {}
    for name, spec in params.variants.items():
        scale = read_metrics(inputs.metrics, name)["best"]
        label = f"{spec['label']}, {at_point(spec, scale)}" if "unit" in spec else spec["label"]
        rows[label] = list(first_samples(inputs.samples, name, scale, len(classes)) / 255)
    return gallery(rows, classes, label_width=2.1)


def figure_scales(inputs, params):
    """FID and class accuracy against the strength; or the scale, one column a unit: different ones cannot be compared."""
    guided = {name: spec for name, spec in params.variants.items() if "unit" in spec}
    axis = {name: "strength" if "strengths" in spec else spec["unit"] for name, spec in guided.items()}
    units = list(dict.fromkeys(axis.values()))
    looks = styles(params.variants)
    figure, panels = pyplot().subplots(2, len(units), figsize=(WIDTH, 4.4), sharex="col", sharey="row", squeeze=False)
    handles = {}
    for line, key, factor in zip(panels, (FID, "accuracy"), (1, 100), strict=True):
        for model, name in params.origins.items():
            level = factor * Number.of(at_scale(read_metrics(inputs.metrics, name), 0)[key]).mean
            used = {units.index(axis[name]) for name, spec in guided.items() if spec["model"] == model}
            for axes in line[sorted(used)]:
                look = {"color": "grey", "linestyle": looks[name]["linestyle"], "linewidth": 0.8}
                handles[f"unguided: {params.variants[name]['label']}"] = axes.axhline(level, **look)
        for name, spec in guided.items():
            results = finite(read_metrics(inputs.metrics, name)["scales"])
            found = {float(s): Number.of(r[key]) for s, r in results.items() if float(s) > 0}
            if not found:
                continue
            means, stds = ([factor * getattr(n, part) for n in found.values()] for part in ("mean", "std"))
            axes = line[units.index(axis[name])]
            handles[spec["label"]] = axes.errorbar(list(found), means, stds, marker="o", **looks[name])
    for axes, unit in zip(panels[0], units, strict=True):
        title = "all units" if unit == "strength" else f"unit {UNITS[unit]}"
        axes.set(xscale="log" if axes.containers else "linear", title=title)  # log needs a point
        logarithmic(axes)
    for axes, unit in zip(panels[1], units, strict=True):
        if unit == "strength":  # a few numbers, which all variants share
            strengths = sorted({value for spec in guided.values() for value in spec.get("strengths", ())})
            axes.set_xticks(strengths, [f"{value:g}" for value in strengths])
        axes.xaxis.set_minor_formatter("")  # or the numbers of a narrow panel lie upon each other
        axes.set_xlabel(r"strength $\kappa$" if unit == "strength" else "scale $s$")
    panels[0][0].set_ylabel(MEASURES[FID][0])
    panels[1][0].set_ylabel("class accuracy (%)")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def numbers_plain_against_robust(samples):
    guides = {name: samples.classifiers[samples.variants[name]["classifier"]] for name in samples.select(guidance="classifier")}
    guided = [name for name, spec in guides.items() if spec["kind"] == "classifier"]
    plain = [name for name in guided if not guides[name]["eps_train"]]
    robust = [name for name in guided if name not in plain]
    if not plain or not robust:
        return {"sayPlainRobust": "Classifiers of one kind only guide in this experiment."}
    a, b = samples.finest(plain), samples.finest(robust)
    if samples.diverged(a, b):
        return {"sayPlainRobust": samples.diverged(*guided)}
    told = samples.verdicts(fid=(b, a, FID), accuracy=(b, a, "accuracy"))
    fid = said(told["fid"], "raises", "lowers", "does not measurably change")
    return {
        "sayPlainRobust": rf"Replacing the plain classifier (at {samples.at(a)}) by the robust one that serves best "
        rf"({samples.called(b)}) {fid} the FID$_\infty$ ({samples.text(a, FID)} to {samples.text(b, FID)}, by "
        rf"{samples.gap(b, a, FID)}), and class accuracy is {said(told['accuracy'], *WORDS)} "
        rf"({samples.text(a, 'accuracy')} to {samples.text(b, 'accuracy')}, by {samples.gap(b, a, 'accuracy')})."
    }


def numbers_scales(samples):
    """How the means of class accuracy move with the scale, and where FID is least."""
    start = fmean(samples.values(samples.baseline, "accuracy"))
    rising = past = smallest = 0
    grids = [[r for s, r in samples.line(name).items() if float(s) > 0] for name in samples.by_classifier]
    grids = list(filter(None, grids))
    for results in grids:
        line = [start, *(fmean(r["accuracy"]) for r in results)]
        peak = line.index(max(line))
        rising += line[: peak + 1] == sorted(line[: peak + 1])
        past += peak < len(line) - 1
        smallest += min(results, key=lambda r: fmean(r[FID])) is results[0]
    return {
        "sayScales": "From the unguided sampler upwards, mean class accuracy rises with the scale, step by step, up to its peak "
        f"in {rising} of the {len(grids)} variants guided by a classifier; in {past} the largest scale tried is "
        rf"past the peak. The FID$_\infty$ is least at the smallest scale tried in {smallest}."
    }


def numbers_best(samples):
    """The variant guided by a classifier of the least Frechet joint distance, and what it gains."""
    ddpm = samples.baseline
    conditional = samples.unguided(0) or ddpm
    top = samples.finest(samples.by_classifier)
    if samples.diverged(top):
        lost = samples.diverged(*samples.by_classifier)
        return {"sayBest": lost, "saySummary": lost}
    accuracy, fid = samples.text(top, "accuracy"), samples.text(top, FID)
    told = samples.verdicts(level=(top, conditional, "accuracy"), moves=(top, ddpm, "accuracy"), cost=(top, ddpm, FID))
    level = said(told["level"], "above", "below", "not distinguishable from")
    moves = said(told["moves"], "raises", "lowers", "does not measurably change")
    cost = said(
        told["cost"], r"at a higher FID$_\infty$", r"at a lower FID$_\infty$", r"at an FID$_\infty$ that is not distinguishable"
    )
    return {
        "sayBest": r"By the Fr\'echet joint distance to the training images, the best variant guided by a classifier is "
        rf"{samples.called(top)}: FID$_\infty$ {fid}, class accuracy {accuracy}, {level} that of the class-conditional model "
        rf"({samples.text(conditional, 'accuracy')}).",
        "saySummary": rf"On {latex(samples.title)}, guidance of an unconditional model by a classifier {moves} the share of "
        rf"samples recognised as the class asked for: from {samples.text(ddpm, 'accuracy')} to {accuracy} with the best variant "
        rf"({samples.called(top)}), {cost} ({samples.text(ddpm, FID)} to {fid}; real images have {samples.floor_text(FID)}).",
    }


def numbers_edges(samples):
    """Whose best scale is at an end of its grid, so that a better one may lie beyond; and who is best without guidance."""
    grids = {name: sorted(map(float, samples.metrics[name]["scales"])) for name in filter(samples.line, samples.guided)}
    ends = {"smallest": [], "largest": []}
    idle = []
    for name, grid in grids.items():
        plain = next(iter(samples.select(guidance="unguided", **{key: samples.variants[name][key] for key in WALK})), None)
        if samples.best[name] == grid[0] and plain and samples.values(plain, CHOICE) < samples.values(name, CHOICE):
            idle.append(samples.called(name, scale=False))
        elif samples.best[name] in (grid[0], grid[-1]) and len(grid) > 1:
            ends["smallest" if samples.best[name] == grid[0] else "largest"].append(samples.called(name, scale=False))
    open_ended = [f"the {end} tried for {listing(names)}" for end, names in ends.items() if names]
    found = (
        [f"The best scale is {', and '.join(open_ended)}, so that a better one may lie beyond the grid."] if open_ended else []
    )
    found += [f"By the measure that scales are chosen by, none serves {listing(idle)} better than no guidance."] if idle else []
    return {"sayEdges": " ".join(found) or "No best scale lies at an end of its grid."}


def numbers_overall(samples):
    """The guided system of the least Frechet joint distance, of all; and the unguided model that is given the class."""
    top = samples.finest(samples.guided)
    given = samples.unguided(0) or samples.baseline
    if samples.diverged(top):
        return {"nSystems": len(samples.variants), "sayOverall": samples.diverged(*samples.guided)}
    told = samples.verdicts(fjd=(top, given, "fjd_train"))
    return {
        "nSystems": len(samples.variants),
        "sayOverall": rf"Of all guided systems the least Fr\'echet joint distance belongs to {samples.called(top)}: FID$_\infty$ "
        rf"{samples.text(top, FID)}, class accuracy {samples.text(top, 'accuracy')}. Compared with the unguided "
        rf"class-conditional model (FID$_\infty$ {samples.text(given, FID)}) that distance is {said(told['fjd'], *WORDS)}.",
    }


def numbers(inputs, params):
    samples = Samples(inputs, params)
    return {
        **numbers_plain_against_robust(samples),
        **numbers_best(samples),
        **numbers_scales(samples),
        **numbers_edges(samples),
        **numbers_overall(samples),
    }
