"""Classifiers under attack, noise and darkness."""

from statistics import fmean

from energyguide.files.arrays import load_arrays
from energyguide.files.atomic import read_json
from energyguide.reporting.layout import Published, Table
from energyguide.reporting.phrases import percent
from energyguide.reporting.samples import energy_radius
from energyguide.reporting.style import SHOWN, WIDTH, centred, class_names, classifier_label, colours, gallery, pyplot


def table_robustness(inputs, params):
    """Accuracy under PGD: eps-test by eps-train (thesis, Table 4.1)."""
    published = Published(inputs.published, params.published, "robustness")
    library = {steps: Published(inputs.published, params.published, f"robustness_library_{steps}") for steps in (20, 100)}
    results = [read_json(path) for path in inputs.results]
    radii = [f"{r['eps_train']:g}" for r in results]
    records, body = [], []
    for eps in results[0]["accuracy"]:
        cells = [f"${float(eps):g}$"]
        best = max(r["accuracy"][eps] for r in results) or None
        for r in results:
            accuracy, place = r["accuracy"][eps], (f"{float(eps):g}", f"{r['eps_train']:g}")
            reported = published.get(*place)
            records.append(
                {
                    "eps_test": float(eps),
                    "eps_train": r["eps_train"],
                    "accuracy": accuracy,
                    "reported": "" if reported is None else round(reported / 100, 6),
                    **{key: r["protocol"][key] for key in ("attack", "norm", "images", "n")},
                }
            )
            text = f"{100 * accuracy:.2f}"
            text = rf"\textbf{{{text}}}" if accuracy == best else text
            cells.append(published.beside(text, *place))
        body.append(cells)
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
        **numbers_corruptions(inputs),
        **numbers_published(inputs, params),
    }
