"""Energies of the training set, and guidance by them."""

from statistics import fmean

import numpy as np

from energyguide.files.atomic import read_json
from energyguide.metrics.scales import at_scale, read_metrics
from energyguide.metrics.statistics import Number
from energyguide.reporting.layout import FID, Table
from energyguide.reporting.names import drawn, latex, printed
from energyguide.reporting.phrases import WORDS, at_point, said
from energyguide.reporting.samples import Samples, energy_radius
from energyguide.reporting.style import WIDTH, categories, pyplot

LISTED = 40  # classes, at most, in a table or a figure


def listed(results):
    """The classes that are shown: all, or of many those with the lowest and the highest mean E(x) under the first classifier."""
    classes = results[0]["E(x)"]["classes"]
    ordered = sorted(classes, key=lambda name: classes[name]["mean"])
    extreme = {*ordered[: LISTED // 2], *ordered[-LISTED // 2 :]}
    return [name for name in classes if len(classes) <= LISTED or name in extreme]


def table_energy(inputs, params):
    """Mean and standard deviation of E(x) and E(x, y) by class, over the training set; in the CSV the set has an empty name."""
    results = [read_json(path) for path in inputs.results]
    classes, records = results[0]["E(x)"]["classes"], []
    shown, body = listed(results), []
    for name in [*classes, ""]:
        cells = [latex(printed(name, params.labels)) if name else "All images"]
        for r in results:
            for kind in ("E(x)", "E(x,y)"):
                s = r[kind]["classes"][name] if name else r[kind]["all"]
                cells.append(rf"${s['mean']:.1f} \pm {s['std']:.1f}$")
                quantiles = {f"q{q}": value for q, value in s["quantiles"].items()}
                row = {"class": name, "eps_train": r["eps_train"], "energy": kind, "n": s["n"]}
                records.append({**row, "mean": s["mean"], "std": s["std"], **quantiles})
        body += [cells] if name in shown else [] if name else [None, cells]
    if len(shown) < len(classes):
        body.insert(-2, [rf"\emph{{{len(classes) - len(shown)} classes between}}", *[""] * 2 * len(results)])
    top = [rf"$\varepsilon$-train {r['eps_train']:g}" for r in results for _ in range(2)]
    return Table(records, [["", *top], ["Class", *["$E(x)$", "$E(x,y)$"] * len(results)]], body, "l" + "rr" * len(results))


def edges(histogram):
    return np.linspace(histogram["low"], histogram["high"], len(histogram["counts"]) + 1)


def density(axes, histogram, **style):
    """A histogram from a JSON of `energy.statistics`, as a density."""
    counts = np.array(histogram["counts"], dtype=float)
    bins = edges(histogram)
    axes.stairs(counts / counts.sum() / np.diff(bins), bins, **style)


def figure_energy_by_class(inputs, params):
    """Distribution of E(x) over the training images of each class, one panel a classifier."""
    results = [read_json(path) for path in inputs.results]
    shown = listed(results)
    height = max(2.6, 0.6 + 0.15 * len(shown))
    figure, panels = pyplot().subplots(1, len(results), figsize=(WIDTH, height), squeeze=False)
    for axes, result in zip(panels[0], results, strict=True):
        classes = result["E(x)"]["classes"]
        boxes = []
        for name in shown:
            q, label = classes[name]["quantiles"], drawn(printed(name, params.labels))
            boxes.append(
                {"label": label, "whislo": q["0.05"], "q1": q["0.25"], "med": q["0.5"], "q3": q["0.75"], "whishi": q["0.95"]}
            )
        plotted = axes.bxp(boxes, showfliers=False, orientation="horizontal", patch_artist=True, widths=0.7)
        for patch, colour in zip(plotted["boxes"], categories(len(boxes)), strict=True):
            patch.set(facecolor=colour, linewidth=0.6)
        for line in plotted["medians"] + plotted["whiskers"] + plotted["caps"]:
            line.set(color="black", linewidth=0.6)
        axes.set_title(rf"$\varepsilon$-train {result['eps_train']:g}")
        axes.set_xlabel("$E(x)$ (nats)")
        axes.invert_yaxis()
        if axes is not panels[0][0]:
            axes.set_yticklabels([])
    return figure


def figure_schedulers(inputs, params):
    """The weights of the gradient along the process, in the units of the configuration."""
    figure, axes = pyplot().subplots(figsize=(WIDTH * 0.6, 2.2))
    curves = read_json(inputs.curves)
    for number, (sigmoid, curve) in enumerate(zip(params.sigmoids, curves["sigmoid"], strict=True)):
        label = "sigmoid, $y_0={y0:g}$, $k={k:g}$, $t_0={t0:g}$".format(**sigmoid)
        axes.plot(curve, "--", color=f"C{number + 2}", label=label)
    axes.plot(curves["standard"], color="C0", label=r"standard, $\sqrt{1-\bar\alpha_t}$")
    axes.plot(curves["sigma"], ":", color="C1", label=r"$\sigma_t$ of DDPM, all steps")
    axes.set_xlabel("timestep $t$ (0 is the image)")
    axes.set_ylabel("weight of the gradient")
    axes.legend(loc="lower right", bbox_to_anchor=(1.02, 0.14))
    return figure


def figure_divergence(inputs, params):
    """E(x) of training images, and of samples guided by the energy without and with dE."""
    figure, axes = pyplot().subplots(figsize=(WIDTH * 0.7, 2.4))
    training = read_json(inputs.energy)["E(x)"]["all"]["histogram"]
    density(axes, training, color="black", fill=True, alpha=0.2, label="training images")
    for number, (name, spec) in enumerate(params.variants.items()):
        metrics = read_metrics(inputs.metrics, name)
        scale = metrics["best"]
        result = at_scale(metrics, scale)
        if "diverged" in result:
            continue
        distance = Number.of(result["energy_divergence"])
        label = rf"{spec['label']}, {at_point(spec, scale)}: $W_1 = {distance.mean:.2f} \pm {distance.std:.2f}$"
        density(axes, result["energy"]["histogram"], color=f"C{number}", label=label)
    axes.set_xlabel("$E(x)$ (nats)")
    axes.set_ylabel("density")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.6)
    axes.legend(loc="upper left")
    return figure


def numbers_energies(inputs, params):
    """Where the classes lie in E(x)."""
    eps = energy_radius(params)
    statistics = next(r for r in map(read_json, inputs.energies) if r["eps_train"] == eps)["E(x)"]
    means = {name: s["mean"] for name, s in statistics["classes"].items()}
    low, high, every = min(means, key=means.get), max(means, key=means.get), statistics["all"]
    lowest, highest = (latex(printed(name, params.labels)) for name in (low, high))
    return {
        "sayEnergies": rf"Under the classifier with $\varepsilon$-train {eps:g} the mean $E(\mathbf{{x}})$ is lowest for class "
        rf"{lowest} (${means[low]:.2f}$) and highest for class {highest} (${means[high]:.2f}$); over all images it is "
        rf"${every['mean']:.2f}$, with a standard deviation of ${every['std']:.2f}$."
    }


def numbers_schedulers(samples, compared):
    a, b = compared["standard"], compared["sigmoid"]
    if not a:
        return {"saySchedulers": "Only one scheduler is used in this experiment."}
    if lost := samples.diverged(a, b):
        return {"saySchedulers": lost}
    told = samples.verdicts(fid=(b, a, FID))
    return {
        "saySchedulers": rf"At their best scales the sigmoid scheduler's FID$_\infty$ is {said(told['fid'], *WORDS)} "
        rf"({samples.text(b, FID)} at {samples.at(b)}, against "
        rf"{samples.text(a, FID)} at {samples.at(a)} with the standard one), with "
        rf"class accuracies of {samples.text(b, 'accuracy')} and {samples.text(a, 'accuracy')}."
    }


def numbers_joint(samples, compared):
    """What the term dE changes, against energy guidance in the same unit."""
    a, b = compared["sigmoid"], compared["joint"]
    if lost := samples.diverged(a, b):
        return {"sayJoint": lost}
    before, after = samples.line(a), samples.line(b)
    shared = [scale for scale in before if scale in after]
    less = {
        key: sum(fmean(after[scale][key]) < fmean(before[scale][key]) for scale in shared) for key in ("energy_divergence", FID)
    }
    told = samples.verdicts(divergence=(b, a, "energy_divergence"))
    gap = said(told["divergence"], "widens", "narrows", "does not measurably change")
    return {
        "sayJoint": rf"At the best scales the term $\Delta E$ {gap} the divergence between the energies of samples and of "
        rf"training images ({samples.text(a, 'energy_divergence')} to {samples.text(b, 'energy_divergence')} nats, by "
        rf"{samples.gap(b, a, 'energy_divergence')}); the FID$_\infty$ is "
        rf"{samples.text(b, FID)} instead of {samples.text(a, FID)}, and the class accuracy {samples.text(b, 'accuracy')} "
        rf"instead of {samples.text(a, 'accuracy')}. At equal scales the divergence is smaller with it at "
        rf"{less['energy_divergence']} of {len(shared)} scales, and the FID$_\infty$ at {less[FID]}."
    }


def numbers(inputs, params):
    samples, joint = Samples(inputs, params), params.variants[params.compared["joint"]]
    return {
        "jointLambda": f"{joint['lambda']:g}",
        "sigmoidParameters": "$y_0 = {y0:g}$, $k = {k:g}$, $t_0 = {t0:g}$".format(**joint["sigmoid"]),
        **numbers_energies(inputs, params),
        **numbers_schedulers(samples, params.compared),
        **numbers_joint(samples, params.compared),
    }
