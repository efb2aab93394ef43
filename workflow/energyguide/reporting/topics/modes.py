"""Modes that denoising diffusion GANs cover."""

import numpy as np

from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.files.atomic import read_json
from energyguide.reporting.layout import Published, Table, escape
from energyguide.reporting.phrases import listing, percent
from energyguide.reporting.style import WIDTH, picture, pyplot


def table_modes(inputs, params):
    """The modes that denoising diffusion GANs cover: of 25 Gaussians, and of stacked digits (Xiao et al. 2022, Table 3)."""
    published = Published(inputs.published, params.published, "modes")
    stacked, points = read_json(inputs.stacked), {found["steps"]: found for found in map(read_sidecar, inputs.points)}
    lines = {"real": (next(iter(points.values()))["real"], stacked["real"])}
    for steps in sorted({*points, stacked["steps"]}):
        lines[steps] = (
            points[steps]["drawn"] if steps in points else None,
            stacked["drawn"] if steps == stacked["steps"] else None,
        )
    records, body = [], []
    for name, (plane, digits) in lines.items():
        record = {"data": name, "gaussians": "", "near": "", "stacked": "", "kl": "", "samples": stacked["samples"]}
        cells = ["--"] * 4
        if plane:
            record |= {"gaussians": plane["modes"], "near": plane["share"]}
            cells[:2] = [f"{plane['modes']}/{plane['of']}", f"{100 * plane['share']:.1f}"]
        if digits:
            record |= {"stacked": digits["modes"], "kl": digits["kl"]}
            cells[2:] = [f"{digits['modes']:,}/{digits['of']:,}", f"{digits['kl']:.3f}"]
        records.append(record)
        body.append(["Real images" if name == "real" else f"Denoising diffusion GAN, $T={name}$", *cells])
    reported = [
        [f"{escape(row)}, {escape(published.data)}", "", "", *published.cells(row, ["modes", "kl"])] for row in published.rows
    ]
    header = [
        ["", *["25 Gaussians"] * 2, *["Stacked digits"] * 2],
        ["", "Covered", r"Near one (\%)", "Covered", "KL"],
    ]
    return Table(records, header, body + ([None, *reported] if reported else []), "lrrrr")


def figure_modes(inputs, params):
    """25 Gaussians by the number of steps, and stacked digits; real ones first (Xiao et al. 2022, Fig. 6)."""
    points = {path: (load_arrays(path), read_sidecar(path)) for path in inputs.points}
    figure = pyplot().figure(figsize=(WIDTH, 2.6))
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


def numbers(inputs, params):
    """What the models of points and of stacked digits cover."""
    points = {found["steps"]: found["drawn"] for found in map(read_sidecar, inputs.points)}
    plane = listing(
        f"{found['modes']} with $T={steps}$ ({100 * found['share']:.0f}\\% of the points near one)"
        for steps, found in points.items()
    )
    stacked = read_json(inputs.stacked)
    drawn, real = stacked["drawn"], stacked["real"]
    return {
        "stackedSamples": f"{stacked['samples']:,}",
        "stackedAccuracy": percent(stacked["accuracy"]),
        "stackedSteps": stacked["steps"],
        "sayPoints": f"Of the {next(iter(points.values()))['of']} Gaussians the models cover {plane}.",
        "sayStacked": f"The model covers {drawn['modes']:,} of the {drawn['of']:,} kinds, at a divergence of "
        f"{drawn['kl']:.3f} nats; as many real images cover {real['modes']:,}, at {real['kl']:.3f}.",
    }
