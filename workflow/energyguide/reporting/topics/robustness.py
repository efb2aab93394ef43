"""Classifiers under attack, noise and darkness."""

from statistics import fmean

from energyguide.files.arrays import load_arrays
from energyguide.files.atomic import read_json
from energyguide.metrics.statistics import wilson
from energyguide.reporting.layout import Published, Table
from energyguide.reporting.phrases import listing, percent
from energyguide.reporting.samples import energy_radius
from energyguide.reporting.style import SHOWN, WIDTH, centred, class_names, classifier_label, colours, gallery, pyplot


def accuracy_record(result, eps, reported):
    """A line of the CSV: a classifier's accuracy at a radius with its 95 % interval, and the reported one in percent, or None."""
    accuracy, protocol = result["accuracy"][eps], result["protocol"]
    low, high = wilson(accuracy, protocol["n"])
    return {
        "eps_test": float(eps),
        "eps_train": result["eps_train"],
        "accuracy": accuracy,
        "reported": "" if reported is None else round(reported / 100, 6),
        **{key: protocol[key] for key in ("attack", "norm", "images", "n")},
        "low": low,
        "high": high,
    }


def accuracy_cells(results, eps):
    """The accuracy of each classifier at a radius, in percent; the highest in bold."""
    best = max(r["accuracy"][eps] for r in results) or None
    texts = ((r["accuracy"][eps], f"{100 * r['accuracy'][eps]:.2f}") for r in results)
    return [rf"\textbf{{{text}}}" if accuracy == best else text for accuracy, text in texts]


def table_robustness(inputs, params):
    """Accuracy under PGD, eps-test by eps-train (thesis, Table 4.1), and in rows of their own under stronger attacks."""
    published = Published(inputs.published, params.published, "robustness")
    library = {steps: Published(inputs.published, params.published, f"robustness_library_{steps}") for steps in (20, 100)}
    results, stronger = ([read_json(path) for path in paths] for paths in (inputs.results, inputs.stronger))
    radii, records, body = [f"{r['eps_train']:g}" for r in results], [], []
    for eps in results[0]["accuracy"]:
        places = [(f"{float(eps):g}", radius) for radius in radii]
        records += [accuracy_record(r, eps, published.get(*place)) for r, place in zip(results, places, strict=True)]
        cells = zip(accuracy_cells(results, eps), places, strict=True)
        body.append([f"${float(eps):g}$", *(published.beside(text, *place) for text, place in cells)])
        if stronger and eps in stronger[0]["accuracy"]:
            records += [accuracy_record(r, eps, None) for r in stronger]
            body.append([rf"\quad {stronger[0]['protocol']['attack']}", *accuracy_cells(stronger, eps)])
        for steps, reported in library.items():
            body += reported.line(f"{float(eps):g}", radii, label=f"library, PGD-{steps}")
    header = [["", *[r"$\varepsilon$-train"] * len(radii)], [r"$\varepsilon$-test", *radii]]
    return Table(records, header, body, "l" + "r" * len(radii))


def figure_corruptions(inputs, params):
    """Accuracy under Gaussian noise and under darkness, one line a classifier."""
    results = [read_json(path) for path in inputs.results]
    figure, panels = pyplot().subplots(1, 2, figsize=(WIDTH, 2.2), sharey=True)
    titles = {"noise": r"Gaussian noise, standard deviation $\sigma$", "darkness": "Darkness, share of brightness taken away"}
    for axes, (key, title) in zip(panels, titles.items(), strict=True):
        for result, colour in zip(results, colours(len(results)), strict=True):
            grid = {float(k): 100 * v for k, v in result[key].items()}
            axes.plot(list(grid), list(grid.values()), "o-", color=colour, label=rf"$\varepsilon$-train {result['eps_train']:g}")
        axes.set_xlabel(title)
        axes.set_ylim(0, 102)
    panels[0].set_ylabel("accuracy (%)")
    panels[0].legend()
    return figure


def figure_gradients(inputs, params):
    """Input gradients of log p(y|x) at test images, plain against robust; each scaled to its own largest value."""
    classes = class_names(inputs, params)
    arrays = load_arrays(inputs.arrays)
    rows = {"image": list(arrays["images"])}
    for name in params.classifiers:
        rows[classifier_label(params.classifiers[name])] = list(centred(arrays[name]))
    return gallery(rows, [classes[k] for k in arrays["labels"]], label_width=1.0)


def figure_synthesis(inputs, params):
    """Images from a classifier alone: the Gaussian seeds, and where each classifier takes them."""
    classes = class_names(inputs, params)
    arrays = load_arrays(inputs.arrays)
    labels = arrays["labels"]
    per_class = len(labels) // len(set(labels))
    rows = {}
    for i in range(per_class):
        rows[f"seed {i + 1}"] = list(arrays["seeds"][i::per_class][:SHOWN])
        for name in params.classifiers:
            rows[f"{i + 1}: {classifier_label(params.classifiers[name])}"] = list(arrays[name][i::per_class][:SHOWN])
    return gallery(rows, classes[:SHOWN], label_width=1.0)


def numbers_robustness(inputs, params):
    """Clean and attacked accuracy of the plain classifier and of the one whose energies are used."""
    results = {r["eps_train"]: r["accuracy"] for r in map(read_json, inputs.robustness)}
    plain, robust = results[min(results)], results[energy_radius(params)]
    clean, *radii = sorted(plain, key=float)
    shown = next((eps for eps in radii if float(eps) == 0.5), (radii or [clean])[0])
    top = max(results, key=lambda eps: results[eps][shown])
    gain, cost = results[top][shown] - plain[shown], plain[clean] - results[top][clean]
    return {
        "epsShown": f"{float(shown):g}",
        "plainClean": percent(plain[clean]),
        "plainAttacked": percent(plain[shown]),
        "robustClean": percent(robust[clean]),
        "robustAttacked": percent(robust[shown]),
        "sayRobustness": rf"At $\varepsilon$-test {float(shown):g} the classifier trained at {top:g} is right on "
        rf"{percent(results[top][shown])} of the test images, that trained at {min(results):g} on {percent(plain[shown])}: a "
        rf"difference of {100 * gain:.1f} points, which {'costs' if cost >= 0 else 'comes with a gain of'} "
        rf"{100 * abs(cost):.1f} points of clean accuracy.",
    }


def effort(protocol):
    """How much an ensemble of attacks tries, as `30 steps and 4 targets`."""
    attacks = set(protocol["attacks"])
    needed = {"steps": attacks - {"square"}, "targets": attacks & {"apgd-t", "fab-t"}, "queries": attacks & {"square"}}
    return listing(f"{protocol[key]} {key}" for key, users in needed.items() if users)


def numbers_stronger(inputs, params):
    """What the rows of stronger attacks are, and where PGD on the same images overstates the accuracy most."""
    results = [read_json(path) for path in inputs.stronger]
    cells = [(r["pgd"][eps] - accuracy, eps, r) for r in results for eps, accuracy in r["accuracy"].items()]
    if not cells:
        return {"strongerRows": "", "sayStronger": ""}
    gap, eps, r = max(cells, key=lambda cell: cell[0])
    attack, n, pgd, after = r["protocol"]["attack"], r["protocol"]["n"], f"PGD-{params.steps}", r["accuracy"][eps]
    low, high = map(percent, wilson(after, n))
    overstates = (
        rf"{pgd} overstates robustness by up to {100 * gap:.1f} points: at $\varepsilon$-test {float(eps):g} "
        rf"the classifier trained at {r['eps_train']:g} is right on {percent(r['pgd'][eps])} of {n} test images after {pgd}, "
        rf"and on {percent(after)} (95\% interval {low} to {high}) after {attack}."
    )
    level = f"At no radius is the accuracy after {attack} below that after {pgd} on the same {n} test images."
    return {
        "strongerRows": f"An indented row is the accuracy after {attack} ({effort(r['protocol'])}) on {n} test images, "
        "where an image counts as right if it is so after every attack.",
        "sayStronger": overstates if gap > 0 else level,
    }


def numbers_corruptions(inputs):
    """Which classifier stands noise, and which darkness, best on average."""
    results = [read_json(path) for path in inputs.corruptions]
    said = []
    for key, name in (("noise", "Gaussian noise"), ("darkness", "darkness")):
        means = {r["eps_train"]: fmean(r[key].values()) for r in results}
        top, plain = max(means, key=means.get), min(means)
        said.append(
            rf"{name} best ({percent(means[top])} at $\varepsilon$-train {top:g}, against {percent(means[plain])} at {plain:g})"
        )
    return {"sayCorruptions": f"Averaged over each grid, these classifiers stand {said[0]}, and {said[1]}."}


def numbers_published(inputs, params):
    """Where ours stand against the reported numbers."""
    if not params.published:
        return {"sayPublished": "Published numbers are for other data, and none is printed next to those of this experiment."}
    reported = Published(inputs.published, params.published, "robustness").values
    results = [read_json(path) for path in inputs.robustness]
    ours = {(f"{float(eps):g}", f"{r['eps_train']:g}"): 100 * a for r in results for eps, a in r["accuracy"].items()}
    gaps = [abs(ours[key] - reported[key]) for key in reported if key in ours]
    if not gaps:
        return {"sayPublished": "The grids of this experiment share no cell with the published ones."}
    return {
        "sayPublished": "Reported numbers stand in brackets, or in lines or columns of their own. Over the "
        rf"{len(gaps)} cells that Table~\ref{{tab:robustness}} shares with that of the thesis, the mean absolute difference is "
        rf"{fmean(gaps):.1f} points."
    }


def numbers(inputs, params):
    return {
        "pgdTestSteps": params.steps,
        "synthesisEps": f"{params.synthesis['eps']:g}",
        "synthesisSteps": params.synthesis["steps"],
        **numbers_robustness(inputs, params),
        **numbers_stronger(inputs, params),
        **numbers_corruptions(inputs),
        **numbers_published(inputs, params),
    }
