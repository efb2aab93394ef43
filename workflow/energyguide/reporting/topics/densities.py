"""Guided densities of three Gaussians."""

from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.reporting.phrases import listing
from energyguide.reporting.style import WIDTH, pyplot


def figure_densities(inputs, params):
    """The guided density of three Gaussians in closed form, above, and as our sampler draws it (Ho and Salimans 2022, Fig. 2)."""
    arrays, limit = load_arrays(inputs.arrays), read_sidecar(inputs.arrays)["range"]
    figure, panels = pyplot().subplots(
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


def numbers(inputs, params):
    """How far the sampler's densities are from the closed forms."""
    distances = read_sidecar(inputs.densities)["distances"]
    said = listing(f"{value:.2f} at $w = {w}$" for w, value in distances.items())
    return {
        "densitySamples": f"{params.samples:,}",
        "densitySteps": params.steps,
        "sayDensities": f"The total variation between the rows is {said}.",
    }
