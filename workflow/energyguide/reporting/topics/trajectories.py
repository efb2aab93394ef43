"""Along the sampling trajectory."""

import numpy as np

from energyguide.files.arrays import load_arrays
from energyguide.files.atomic import read_json
from energyguide.metrics.scales import finite
from energyguide.reporting.layout import escape
from energyguide.reporting.samples import Samples
from energyguide.reporting.style import WIDTH, class_names, gallery, pyplot, styles


def figure_trajectory(inputs, params):
    """Mean energies at x_t along the reverse process, and the size of the shift, for each variant."""
    lines, looks = finite(read_json(inputs.trajectories)), styles(params.variants)
    figure, panels = pyplot().subplots(1, 3, figsize=(WIDTH, 3.8))
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


def figure_strips(inputs, params):
    """The forward process of test images, and the reverse process with its predictions of the image."""
    classes = class_names(inputs, params)
    arrays = load_arrays(inputs.arrays)
    rows = {}
    for k in params.shown:
        name = classes[k]
        rows[f"forward, {name}"] = [(x[k] + 1) / 2 for x in arrays["forward"]]
        rows[f"reverse $x_t$, {name}"] = [(x[k] + 1) / 2 for x in arrays[f"{params.variant} x_t"]]
        rows[rf"reverse $\hat x_0$, {name}"] = [(x[k] + 1) / 2 for x in arrays[f"{params.variant} x0"]]
    return gallery(rows, label_width=1.3)


def numbers_trajectory(inputs, samples):
    """Where the energies of the variants end, by one classifier."""
    ends = {name: line["end"]["E(x,y)"] for name, line in finite(read_json(inputs.trajectories)).items()}
    low, high = min(ends, key=ends.get), max(ends, key=ends.get)
    return {
        "sayTrajectory": rf"Under the classifier with $\varepsilon$-train {samples.energy_classifier:g}, the mean "
        rf"$E(\mathbf{{x}},y)$ of the samples is lowest for {samples.called(low, scale=False)} (${ends[low]:.1f}$ nats), and "
        rf"highest for {samples.called(high, scale=False)} (${ends[high]:.1f}$ nats).",
    }


def numbers(inputs, params):
    shown = escape(params.variants[params.strip]["label"])
    return {"stripVariant": shown, **numbers_trajectory(inputs, Samples(inputs, params))}
