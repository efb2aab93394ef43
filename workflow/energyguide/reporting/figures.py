"""The figures: each function reads measurements and returns a matplotlib figure.

A function takes `inputs` (the rule's named inputs) and `params`, and is named as its rule, less "figure_".
"""

import itertools

import numpy as np
from matplotlib.ticker import LogLocator

from energyguide.config.derive import eps_train_of
from energyguide.reporting.results import UNITS, Number, at_scale, best_scale, finite, first_samples, read_metrics
from energyguide.reporting.style import WIDTH, categories, colours, gallery, picture, plt
from energyguide.storage import load_arrays, read_json, read_sidecar

SHOWN = 10  # classes, at most, in a grid of images


def class_names(inputs):
    return read_json(inputs.data)["classes"]


def corruptions(inputs, params):
    """Accuracy under Gaussian noise and under darkness, one line a classifier."""
    results = [read_json(path) for path in inputs.results]
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 2.2), sharey=True)
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


def edges(histogram):
    return np.linspace(histogram["low"], histogram["high"], len(histogram["counts"]) + 1)


def density(axes, histogram, **style):
    """A histogram from a JSON of `energy.statistics`, as a density."""
    counts = np.array(histogram["counts"], dtype=float)
    bins = edges(histogram)
    axes.stairs(counts / counts.sum() / np.diff(bins), bins, **style)


def energy_by_class(inputs, params):
    """Distribution of E(x) over the training images of each class, one panel a classifier."""
    results = [read_json(path) for path in inputs.results]
    figure, panels = plt.subplots(1, len(results), figsize=(WIDTH, 2.6), squeeze=False)
    for axes, result in zip(panels[0], results, strict=True):
        classes = result["E(x)"]["classes"]
        boxes = []
        for name, s in classes.items():
            q = s["quantiles"]
            boxes.append(
                {"label": name, "whislo": q["0.05"], "q1": q["0.25"], "med": q["0.5"], "q3": q["0.75"], "whishi": q["0.95"]}
            )
        drawn = axes.bxp(boxes, showfliers=False, orientation="horizontal", patch_artist=True, widths=0.7)
        for patch, colour in zip(drawn["boxes"], categories(len(boxes)), strict=True):
            patch.set(facecolor=colour, linewidth=0.6)
        for line in drawn["medians"] + drawn["whiskers"] + drawn["caps"]:
            line.set(color="black", linewidth=0.6)
        axes.set_title(rf"$\varepsilon$-train {result['eps_train']:g}")
        axes.set_xlabel("$E(x)$ (nats)")
        axes.invert_yaxis()
        if axes is not panels[0][0]:
            axes.set_yticklabels([])
    return figure


def weights(process, sigmoid):
    """Standard scheduler, sigmoid scheduler and sigma_t, at all timesteps: the torch-free twins of `guidance.UNITS`."""
    t = np.arange(process["steps"])
    betas = np.linspace(process["beta_start"], process["beta_end"], process["steps"])
    abar = np.cumprod(1 - betas)
    previous = np.concatenate([[1.0], abar[:-1]])
    curve = (1 - sigmoid["y0"]) / (1 + np.exp(-sigmoid["k"] * (t - sigmoid["t0"]))) + sigmoid["y0"]
    return np.sqrt(1 - abar), curve, np.sqrt(betas * (1 - previous) / (1 - abar))


def schedulers(inputs, params):
    """The weights of the gradient along the process, in the units of the configuration."""
    figure, axes = plt.subplots(figsize=(WIDTH * 0.6, 2.2))
    for number, sigmoid in enumerate(params.sigmoids):
        standard, curve, sigma = weights(params.process, sigmoid)
        label = "sigmoid, $y_0={y0:g}$, $k={k:g}$, $t_0={t0:g}$".format(**sigmoid)
        axes.plot(curve, "--", color=f"C{number + 2}", label=label)
    axes.plot(standard, color="C0", label=r"standard, $\sqrt{1-\bar\alpha_t}$")
    axes.plot(sigma, ":", color="C1", label=r"$\sigma_t$ of DDPM, all steps")
    axes.set_xlabel("timestep $t$ (0 is the image)")
    axes.set_ylabel("weight of the gradient")
    axes.legend(loc="lower right", bbox_to_anchor=(1.02, 0.14))
    return figure


def gradients(inputs, params):
    """Input gradients of log p(y|x) at test images, plain against robust; each scaled to its own largest value."""
    classes = class_names(inputs)
    arrays = load_arrays(inputs.arrays)
    rows = {"image": list(arrays["images"])}
    for name in params.classifiers:
        rows[classifier_label(name)] = list(centred(arrays[name]))
    return gallery(rows, [classes[k] for k in arrays["labels"]], label_width=1.0)


def synthesis(inputs, params):
    """Images from a classifier alone: the Gaussian seeds, and where each classifier takes them."""
    classes = class_names(inputs)
    arrays = load_arrays(inputs.arrays)
    labels = arrays["labels"]
    per_class = len(labels) // len(set(labels))
    rows = {}
    for i in range(per_class):
        rows[f"seed {i + 1}"] = list(arrays["seeds"][i::per_class][:SHOWN])
        for name in params.classifiers:
            rows[f"{i + 1}: {classifier_label(name)}"] = list(arrays[name][i::per_class][:SHOWN])
    return gallery(rows, classes[:SHOWN], label_width=1.0)


def samples(inputs, params):
    """The same noise under every variant, each at its best scale; one column a class."""
    classes = class_names(inputs)[:SHOWN]
    rows = {}
    for name, spec in params.variants.items():
        scale = best_scale(read_metrics(inputs.metrics, name))
        label = f"{spec['label']}, $s={scale:g}$" if "unit" in spec else spec["label"]
        rows[label] = list(first_samples(inputs.samples, name, scale, len(classes)) / 255)
    return gallery(rows, classes, label_width=2.1)


def time_pairs(inputs, params):
    """The same noise unguided, and under vanilla and robust guidance at one scale (Kawar et al., Fig. 2)."""
    classes, rows = class_names(inputs)[:SHOWN], {}
    for name, spec in params.variants.items():
        rows[spec["label"]] = list(first_samples(inputs.samples, name, params.scale if "unit" in spec else 0, len(classes)) / 255)
    return gallery(rows, classes, label_width=2.1)


def styles(variants):
    """How the lines of variants look: a colour each, the same in all figures, and a stroke for each diffusion model."""
    models = list(dict.fromkeys(spec["model"] for spec in variants.values()))
    strokes = dict(zip(models, itertools.cycle(["-", "--", ":", "-."]), strict=False))
    colours = categories(len(variants))
    return {
        name: {"color": c, "linestyle": strokes[spec["model"]]} for (name, spec), c in zip(variants.items(), colours, strict=True)
    }


def trajectory(inputs, params):
    """Mean energies at x_t along the reverse process, and the size of the shift, for each variant."""
    lines, looks = finite(read_json(inputs.trajectories)), styles(params.variants)
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH, 3.8))
    titles = {
        "E(x_t,y)": "mean $E(x_t, y)$ (nats)",
        "E(x_t)": "mean $E(x_t)$ (nats)",
        "shift/sigma": r"mean $\|$shift$\| / \sigma_t$",
    }
    for axes, (key, title) in zip(panels, titles.items(), strict=True):
        for name, line in lines.items():
            if key != "shift/sigma" or any(line[key]):
                values = [np.nan if v is None else v for v in line[key]]
                axes.plot(line["t"], values, label=params.variants[name]["label"], **looks[name])
        axes.set_title(title)
        axes.set_xlabel("timestep $t$")
        axes.invert_xaxis()
    panels[2].set_yscale("log")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def divergence(inputs, params):
    """E(x) of training images, and of samples guided by the energy without and with dE."""
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 2.4))
    training = read_json(inputs.energy)["E(x)"]["all"]["histogram"]
    density(axes, training, color="black", fill=True, alpha=0.2, label="training images")
    for number, (name, spec) in enumerate(params.variants.items()):
        metrics = read_metrics(inputs.metrics, name)
        scale = best_scale(metrics)
        result = at_scale(metrics, scale)
        if "diverged" in result:
            continue
        distance = Number.of(result["energy_divergence"])
        label = rf"{spec['label']}, $s={scale:g}$: $W_1 = {distance.mean:.2f} \pm {distance.std:.2f}$"
        density(axes, result["energy"]["histogram"], color=f"C{number}", label=label)
    axes.set_xlabel("$E(x)$ (nats)")
    axes.set_ylabel("density")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.6)
    axes.legend(loc="upper left")
    return figure


def strips(inputs, params):
    """The forward process of test images, and the reverse process with its predictions of the image."""
    classes = class_names(inputs)
    arrays = load_arrays(inputs.arrays)
    rows = {}
    for k in params.shown:
        name = classes[k]
        rows[f"forward, {name}"] = [(x[k] + 1) / 2 for x in arrays["forward"]]
        rows[f"reverse $x_t$, {name}"] = [(x[k] + 1) / 2 for x in arrays[f"{params.variant} x_t"]]
        rows[rf"reverse $\hat x_0$, {name}"] = [(x[k] + 1) / 2 for x in arrays[f"{params.variant} x0"]]
    return gallery(rows, label_width=1.3)


def logarithmic(axes):
    """A logarithmic axis of y with plain numbers at 1, 2 and 5."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))


def scales(inputs, params):
    """FID and class accuracy against the scale; one column a unit, for scales of different units cannot be compared."""
    guided = {name: spec for name, spec in params.variants.items() if "unit" in spec}
    units = list(dict.fromkeys(spec["unit"] for spec in guided.values()))
    looks = styles(params.variants)
    figure, panels = plt.subplots(2, len(units), figsize=(WIDTH, 4.4), sharex="col", sharey="row", squeeze=False)
    handles = {}
    for line, key, factor in zip(panels, ("fid", "accuracy"), (1, 100), strict=True):
        for model, name in params.origins.items():
            level = factor * Number.of(at_scale(read_metrics(inputs.metrics, name), 0)[key]).mean
            used = {units.index(spec["unit"]) for spec in guided.values() if spec["model"] == model}
            for axes in line[sorted(used)]:
                look = {"color": "grey", "linestyle": looks[name]["linestyle"], "linewidth": 0.8}
                handles[f"unguided: {params.variants[name]['label']}"] = axes.axhline(level, **look)
        for name, spec in guided.items():
            results = finite(read_metrics(inputs.metrics, name)["scales"])
            found = {float(s): Number.of(r[key]) for s, r in results.items() if float(s) > 0}
            if not found:
                continue
            means, stds = ([factor * getattr(n, part) for n in found.values()] for part in ("mean", "std"))
            axes = line[units.index(spec["unit"])]
            handles[spec["label"]] = axes.errorbar(list(found), means, stds, marker="o", **looks[name])
    for axes, unit in zip(panels[0], units, strict=True):
        axes.set(xscale="log" if axes.containers else "linear", title=f"unit {UNITS[unit]}")  # log needs a point
        logarithmic(axes)
    for axes in panels[1]:
        axes.set_xlabel("scale $s$")
    panels[0][0].set_ylabel("FID")
    panels[1][0].set_ylabel("class accuracy (%)")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def losses(inputs, params):
    """Training loss of the diffusion models that were trained here."""
    figure, axes = plt.subplots(figsize=(WIDTH * 0.6, 2.2))
    for path in inputs.weights:
        if curve := read_sidecar(path)["history"].get("losses"):
            axes.plot(*zip(*curve, strict=True), label=path.rsplit("/", 1)[1].removesuffix(".safetensors"))
    axes.set(xlabel="images seen", ylabel="mean squared error of the noise", yscale="log")
    if axes.lines:
        axes.legend()
    else:
        axes.text(0.5, 0.5, "no diffusion model was trained", transform=axes.transAxes, ha="center")
    return figure


def centred(gradient):
    """Gradients (image, channel, height, width) with 0 in the middle of [0, 1], each scaled to its own largest value."""
    return 0.5 + 0.5 * gradient / np.abs(gradient).max(axis=(1, 2, 3), keepdims=True).clip(1e-12)


def time_gradients(inputs, params):
    """Gradients of log p(y|x_t) of both time-dependent classifiers, from the image to the noise (Kawar et al., Fig. 3)."""
    classes, arrays, rows = class_names(inputs), load_arrays(inputs.arrays), {}
    for i, label in enumerate(arrays["labels"][: params.images]):
        name = classes[label]
        rows[rf"{name}: $x_t$"] = list((arrays["x_t"][:, i] + 1) / 2)
        for variant, spec in params.variants.items():
            rows[f"{name}: {spec['label']}"] = list(centred(arrays[f"{variant} gradients"][:, i]))
    return gallery(rows, [f"$t = {t}$" for t in read_sidecar(inputs.arrays)["timesteps"]], label_width=1.8)


def time_attacks(inputs, params):
    """Targeted PGD from clean images under a large radius, at t = 0 (Kawar et al., Fig. 4); one column an image."""
    classes, arrays = class_names(inputs), load_arrays(inputs.arrays)
    rows = {"image": list((arrays["images"][:SHOWN] + 1) / 2)}
    for variant, spec in params.variants.items():
        rows[spec["label"]] = list((arrays[f"{variant} maximised"][:SHOWN] + 1) / 2)
    pairs = zip(arrays["labels"][:SHOWN], arrays["targets"][:SHOWN], strict=True)
    return gallery(rows, [rf"{classes[a]} $\to$ {classes[b]}" for a, b in pairs], label_width=1.8)


def time_predictions(inputs, params):
    """The image predicted at evenly spaced steps, for the same class and noise (Kawar et al., Fig. 5)."""
    classes, arrays, rows = class_names(inputs), load_arrays(inputs.arrays), {}
    for k in params.shown:
        for variant, spec in params.variants.items():
            rows[f"{classes[k]}: {spec['label']}"] = [(x[k] + 1) / 2 for x in arrays[f"{variant} x0"]]
    return gallery(rows, label_width=2.1)


def fid_is(inputs, params):
    """FID against IS along the scales of every guidance system, each from its model without guidance; w beside the curve."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.6))
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


def free_samples(inputs, params):
    """Samples of classifier-free guidance at several weights, from the same noise (Ho and Salimans 2022, Fig. 3)."""
    classes, rows = class_names(inputs), {}
    for w in params.shown:
        images = first_samples(inputs.samples, params.variant if w else params.unguided, w, 2 * len(classes)) / 255
        for i in range(2):
            rows[f"$w={w:g}$, {'second' if i else 'first'}"] = list(images[i * len(classes) : (i + 1) * len(classes)][:SHOWN])
    return gallery(rows, classes[:SHOWN], label_width=0.9)


def densities(inputs, params):
    """The guided density of three Gaussians in closed form, above, and as our sampler draws it (Ho and Salimans 2022, Fig. 2)."""
    arrays, limit = load_arrays(inputs.arrays), read_sidecar(inputs.arrays)["range"]
    figure, panels = plt.subplots(
        2, len(params.scales), figsize=(WIDTH * 0.8, WIDTH * 0.8 * 2 / len(params.scales)), squeeze=False
    )
    for column, w in zip(panels.T, params.scales, strict=True):
        highest = arrays[f"exact {w:g}"].max()  # one range of colours a column, so that the rows can be compared
        for axes, kind in zip(column, ("exact", "sampled"), strict=True):
            axes.imshow(arrays[f"{kind} {w:g}"].T, origin="lower", extent=[-limit, limit] * 2, cmap="magma", vmin=0, vmax=highest)
            axes.set(xticks=[], yticks=[])
        column[0].set_title(f"$w={w:g}$")
    for axes, label in zip(panels[:, 0], ("closed form", "sampler"), strict=True):
        axes.set_ylabel(label)
    return figure


def classifier_label(name):
    """What figures call a classifier."""
    if name.startswith("eps"):
        return rf"$\varepsilon$-train {eps_train_of(name):g}"
    return f"time-dependent, {'vanilla' if name == 'time-vanilla' else 'robust'}"


def implicit(inputs, params):
    """Accuracy of the implicit classifier by the timestep of its one look, and how its gradient agrees with classifiers'."""
    found = read_json(inputs.implicit)
    accuracy, aligned = found["accuracy"], found["alignment"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.6))
    line = {int(t): 100 * value for t, value in accuracy["by_timestep"].items()}
    left.plot(list(line), list(line.values()), "o-", color="black", label="implicit, one timestep")
    left.axhline(100 * accuracy["all"], color="black", linestyle="--", label="implicit, all timesteps")
    for (name, line), colour in zip(aligned.items(), categories(len(aligned)), strict=True):
        left.axhline(100 * accuracy["classifiers"][name], color=colour, linewidth=0.8)
        right.plot(list(map(int, line)), list(line.values()), "o-", color=colour, label=classifier_label(name))
    left.set(xlabel="timestep $t$", ylabel="accuracy (%)")
    right.set(xlabel="timestep $t$", ylabel="cosine similarity")
    right.axhline(0, color="grey", linestyle=":", linewidth=0.8)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def likelihood(inputs, params):
    """The shapes of a schedule, the diffusion term under each, and the bound by its number of steps (Kingma et al. 2021)."""
    results = dict(zip(params.labels, map(read_json, inputs.results), strict=True))
    figure, (curves, terms, bounds) = plt.subplots(1, 3, figsize=(WIDTH, 2.4))
    shaped = next((found for found in results.values() if "gamma" in found), {"gamma": {}, "continuous": {}})
    for number, (name, gamma) in enumerate(shaped["gamma"].items()):
        curves.plot(np.linspace(0, 1, len(gamma)), gamma, color=f"C{number}", label=name)
        term = Number.of(shaped["continuous"][name]["diffusion"])
        terms.errorbar([number], [term.mean], [term.std], fmt="o", color=f"C{number}", capsize=3)
    curves.set(xlabel="$t$", ylabel=r"$\gamma(t) = -\log$ SNR")
    terms.set_xticks(range(len(shaped["gamma"])), list(shaped["gamma"]), rotation=30)
    terms.set_ylabel("diffusion term (bits/dim)")
    for number, (name, found) in enumerate(results.items()):
        line = {int(steps): Number.of(terms["total"]).mean for steps, terms in found["discrete"].items()}
        bounds.plot(list(line), list(line.values()), "o-", color=f"C{number + 4}", label=params.labels[name])
        if "continuous" in found:
            total = Number.of(found["continuous"]["learned"]["total"]).mean
            bounds.axhline(total, color=f"C{number + 4}", linestyle="--", linewidth=0.8)
    bounds.set(xlabel="steps", ylabel="bound (bits/dim)", xscale="log", yscale="log")
    if shaped["gamma"]:
        curves.legend()
    bounds.legend()
    return figure


def generators(inputs, params):
    """Quality against the time that a sample takes, of all systems, each at its best scale (Xiao et al. 2022, Fig. 4)."""
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 3.2))
    markers = itertools.cycle("osD^v")
    for (name, spec), colour in zip(params.variants.items(), itertools.cycle(categories(20)), strict=False):
        metrics, marker = read_metrics(inputs.metrics, name), next(markers)
        result = at_scale(metrics, best_scale(metrics))
        if "diverged" in result:
            continue
        for axes, key in zip(panels, ("fid", "recall"), strict=True):
            quality, cost = Number.of(result[key]), 1000 * Number.of(result["seconds_per_image"]).mean
            axes.errorbar([cost], [quality.mean], [quality.std], fmt=marker, color=colour, label=spec["label"], markersize=4)
    for axes, title in zip(panels, ("FID", "recall"), strict=True):
        axes.set(xlabel="ms per image", ylabel=title, xscale="log")
    logarithmic(panels[0])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def modes(inputs, params):
    """25 Gaussians by the number of steps, and stacked digits; real ones first (Xiao et al. 2022, Fig. 6)."""
    points = {path: (load_arrays(path), read_sidecar(path)) for path in inputs.points}
    figure = plt.figure(figsize=(WIDTH, 2.6))
    above, below = figure.subfigures(2, 1, height_ratios=[1.5, 1])
    panels = above.subplots(1, 1 + len(points), sharex=True, sharey=True, squeeze=False)[0]
    shown = {"data": next(iter(points.values()))[0]["real"]}
    shown |= {
        f"$T={info['steps']}$: {info['drawn']['modes']} of {info['drawn']['of']}": arrays["drawn"]
        for arrays, info in points.values()
    }
    for axes, (title, drawn) in zip(panels, shown.items(), strict=True):
        axes.plot(*drawn.T, ".", markersize=0.6, color="C0", rasterized=True)
        axes.set(title=title, xlim=(-1.9, 1.9), ylim=(-1.9, 1.9), aspect="equal", xticks=[], yticks=[])
    arrays = load_arrays(inputs.stacked)
    for axes, (label, images) in zip(below.subplots(2, 1), {"data": arrays["real"], "GAN": arrays["drawn"]}.items(), strict=True):
        row = np.concatenate(list(images[:20] / 255), axis=2)
        picture(axes, row)
        axes.set_ylabel(label, rotation=0, ha="right", va="center")
    return figure
