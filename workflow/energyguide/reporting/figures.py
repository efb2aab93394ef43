"""The figures: each function reads measurements and returns a matplotlib figure.

A function takes `inputs` (the rule's named inputs) and `params`, and is named as its rule, less "figure_".
"""

from pathlib import Path

import numpy as np
from matplotlib.ticker import LogLocator

from energyguide.config import eps_train_of
from energyguide.reporting.results import UNITS, Number, at_scale, best_scale, read_metrics
from energyguide.reporting.style import WIDTH, categories, colours, gallery, plt
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
        largest = np.abs(arrays[name]).max(axis=(1, 2, 3), keepdims=True).clip(1e-12)
        rows[rf"$\varepsilon$-train {eps_train_of(name):g}"] = list(0.5 + 0.5 * arrays[name] / largest)
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
            rows[rf"{i + 1}: $\varepsilon$-train {eps_train_of(name):g}"] = list(arrays[name][i::per_class][:SHOWN])
    return gallery(rows, classes[:SHOWN], label_width=1.0)


def samples(inputs, params):
    """The same noise under every variant, each at its best scale; one column a class."""
    classes = class_names(inputs)[:SHOWN]
    rows = {}
    for name, spec in params.variants.items():
        scale = best_scale(read_metrics(inputs.metrics, name))
        paths = {part: path for path in map(Path, inputs.samples) if path.parts[-3] == name for part in path.parts[-2].split("_")}
        shard = load_arrays(paths[f"{scale:g}"])
        label = f"{spec['label']}, $s={scale:g}$" if "unit" in spec else spec["label"]
        rows[label] = [image / 255 for image in shard[f"{scale:g}"][: len(classes)]]
    return gallery(rows, classes, label_width=2.1)


def trajectory(inputs, params):
    """Mean energies at x_t along the reverse process, and the size of the shift, at the best scale of each variant."""
    lines = read_json(inputs.trajectories)
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH, 3.2))
    titles = {
        "E(x_t,y)": "mean $E(x_t, y)$ (nats)",
        "E(x_t)": "mean $E(x_t)$ (nats)",
        "shift/sigma": r"mean $\|$shift$\| / \sigma_t$",
    }
    for axes, (key, title) in zip(panels, titles.items(), strict=True):
        for (name, spec), colour in zip(params.variants.items(), categories(len(params.variants)), strict=True):
            line = lines[name]
            if key != "shift/sigma" or any(line[key]):
                values = [np.nan if v is None else v for v in line[key]]
                axes.plot(line["t"], values, color=colour, label=spec["label"])
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


def scales(inputs, params):
    """FID and class accuracy against the scale; one column a unit, for scales of different units cannot be compared."""
    guided = {name: spec for name, spec in params.variants.items() if "unit" in spec}
    units = list(dict.fromkeys(spec["unit"] for spec in guided.values()))
    unguided = at_scale(read_metrics(inputs.metrics, params.baseline), 0)
    figure, panels = plt.subplots(2, len(units), figsize=(WIDTH, 4.4), sharex="col", sharey="row", squeeze=False)
    handles = {}
    for line, key, factor in zip(panels, ("fid", "accuracy"), (1, 100), strict=True):
        for axes in line:
            level = factor * Number.of(unguided[key]).mean
            handles["unguided"] = axes.axhline(level, color="grey", linestyle=":", linewidth=0.8)
        for (name, spec), colour in zip(guided.items(), categories(len(guided)), strict=True):
            found = {float(s): Number.of(r[key]) for s, r in read_metrics(inputs.metrics, name)["scales"].items() if float(s) > 0}
            means, stds = ([factor * getattr(n, part) for n in found.values()] for part in ("mean", "std"))
            axes = line[units.index(spec["unit"])]
            handles[spec["label"]] = axes.errorbar(list(found), means, stds, fmt="o-", color=colour)
    for axes, unit in zip(panels[0], units, strict=True):
        axes.set(xscale="log", yscale="log", title=f"unit {UNITS[unit]}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    for axes in panels[1]:
        axes.set_xlabel("scale $s$")
    panels[0][0].set_ylabel("FID")
    panels[1][0].set_ylabel("class accuracy (%)")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def losses(inputs, params):
    """Training loss of the diffusion models."""
    figure, axes = plt.subplots(figsize=(WIDTH * 0.6, 2.2))
    for path in inputs.weights:
        curve = read_sidecar(path)["history"]["losses"]
        axes.plot(*zip(*curve, strict=True), label=path.rsplit("/", 1)[1].removesuffix(".safetensors"))
    axes.set(xlabel="images seen", ylabel="mean squared error of the noise", yscale="log")
    axes.legend()
    return figure
