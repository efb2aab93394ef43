"""One look for all figures. matplotlib is only imported where something is drawn: tables do without it."""

import itertools
from functools import cache

import numpy as np

from energyguide.reporting.names import classes, drawn

WIDTH = 6.5  # inches: the text width of the paper
SHOWN = 10  # classes, at most, in a grid of images
LOOK = {
    "figure.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.family": "serif",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "lines.linewidth": 1.2,
    "lines.markersize": 3,
    "pdf.fonttype": 42,
}


@cache
def pyplot():
    """matplotlib.pyplot with the look of the paper, drawing into files alone."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(LOOK)
    return plt


def colours(count):
    """Distinct colours, from dark to light for an ordered family."""
    return pyplot().get_cmap("viridis")([0.85 * i / max(1, count - 1) for i in range(count)])


def categories(count):
    """Colours of unordered things, of which the first twenty are distinct."""
    return pyplot().get_cmap("tab20")(np.arange(count) % 20)


def picture(axes, image):
    """Draw an image (channel, height, width) in [0, 1], without a frame."""
    image = image.clip(0, 1).transpose(1, 2, 0)
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def text_width(text):
    """Of a label or a title, in inches."""
    from matplotlib.textpath import TextPath

    return TextPath((0, 0), text, size=pyplot().rcParams["font.size"]).get_extents().width / 72


def gallery(rows, titles=None, width=WIDTH, label_width=1.5):
    """A grid of images: `rows` is label -> list of images (channel, height, width) in [0, 1].

    Labels get more than `label_width` inches where they need it; titles that do not fit side by side are set upright.
    """
    columns = max(map(len, rows.values()))
    label_width = max(label_width, *(text_width(label) + 0.2 for label in rows))
    cell = (width - label_width) / columns
    widest = max(map(text_width, titles or []), default=0)
    upright = widest > 0.95 * cell
    height = 0 if not titles else widest + 0.1 if upright else 0.2
    figure, grid = pyplot().subplots(
        len(rows),
        columns,
        figsize=(width, cell * len(rows) + height),
        squeeze=False,
        layout="none",
    )
    top = 1 - height / (cell * len(rows) + height)
    figure.subplots_adjust(left=label_width / width, right=1, bottom=0, top=top, wspace=0.12, hspace=0.12)
    for line, (label, images) in zip(grid, rows.items(), strict=True):
        for axes in line[len(images) :]:
            axes.set_axis_off()
        for axes, image in zip(line, images, strict=False):
            picture(axes, image)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=4)
    for axes, title in zip(grid[0], titles or [], strict=False):
        axes.set_title(title, pad=2, rotation=90 if upright else 0)
    return figure


def save(figure, pdf, png):
    """The same figure twice; the PDF without a date, so that it only changes when the figure does."""
    figure.savefig(pdf, metadata={"CreationDate": None})
    figure.savefig(png, dpi=200)
    pyplot().close(figure)


def class_names(inputs, params):
    """The classes as figures name them; `labels` are those that are not printed by their own names."""
    return [drawn(name) for name in classes(inputs.data, params.labels)]


def styles(variants):
    """How the lines of variants look: a colour each, the same in all figures, and a stroke for each diffusion model."""
    models = list(dict.fromkeys(spec["model"] for spec in variants.values()))
    strokes = dict(zip(models, itertools.cycle(["-", "--", ":", "-."]), strict=False))
    colours = categories(len(variants))
    return {
        name: {"color": c, "linestyle": strokes[spec["model"]]} for (name, spec), c in zip(variants.items(), colours, strict=True)
    }


def logarithmic(axes):
    """A logarithmic axis of y with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))


def centred(gradient):
    """Gradients (image, channel, height, width) with 0 in the middle of [0, 1], each scaled to its own largest value."""
    return 0.5 + 0.5 * gradient / np.abs(gradient).max(axis=(1, 2, 3), keepdims=True).clip(1e-12)


def classifier_label(spec):
    """What figures call a classifier, by its `kind` and `eps_train`."""
    if spec["kind"] == "classifier":
        return rf"$\varepsilon$-train {spec['eps_train']:g}"
    return f"time-dependent, {'robust' if spec['eps_train'] else 'vanilla'}"
