"""Guided densities of three Gaussians."""

from statistics import fmean

from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.metrics.statistics import Difference, signs
from energyguide.reporting.phrases import listing, said
from energyguide.reporting.style import WIDTH, pyplot

LIKELIHOODS = r"$\log p(\mathbf{x})$", r"$\log p(\mathbf{x}\mid y)$"


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


def at(weights):
    return f"at $w = {weights[0]}$" if len(weights) == 1 else f"at $w$ = {listing(weights)}"


def numbers_distance(found):
    """How far the sampler's densities are from the closed forms, and whether as many exact draws are as far."""
    distances, nulls = found["distances"], found["nulls"]
    values = listing(f"{value:.3f} at $w = {w}$ ({fmean(nulls[w]):.3f})" for w, value in distances.items())
    beyond = [w for w, value in distances.items() if value > max(nulls[w])]
    within = [w for w in distances if w not in beyond]
    where = f"{at(beyond)}, but not {at(within)}" if beyond and within else at(beyond) if beyond else "at no weight"
    return (
        f"The total variation between the rows is {values}; in brackets, the mean for as many exact draws of the closed form. "
        f"It exceeds that of every one of {len(next(iter(nulls.values())))} sets of exact draws {where}."
    )


def numbers_likelihood(found):
    """What guidance does to log p(x) and to log p(x | y), of the sampler's points and in closed form."""
    samples, closed = found["sampled"], found["exact"]
    first, *guided = sorted(samples, key=float)

    def line(values):
        return listing(f"${value:.2f}$" for value in values)

    def means(i):
        exact = line(closed[w][i] for w in (first, *guided))
        return f"{line(samples[w][i][0] for w in (first, *guided))} for {LIKELIHOODS[i]} (in closed form {exact})"

    pairs = {(w, i): (samples[w][i], samples[first][i]) for w in guided for i in (0, 1)}
    told = signs({name: Difference.of_means(*pair) for name, pair in pairs.items()})

    def verdict(w, i):
        return said(told[w, i], "more likely", "less likely", "not distinguishable")

    changes = "; ".join(f"at $w = {w}$, {verdict(w, 0)} without the class and {verdict(w, 1)} given it" for w in guided)
    return f"Over the sampler's points {at([first, *guided])} the means, in nats, are {means(0)} and {means(1)}." + (
        f" Against $w = {first}$ the points are, {changes}." if guided else ""
    )


def numbers(inputs, params):
    """How far the sampler's densities are from the closed forms, and how likely its points are."""
    found = read_sidecar(inputs.densities)
    return {
        "densitySamples": f"{params.samples:,}",
        "densitySteps": params.steps,
        "sayDensities": numbers_distance(found),
        "sayGuidedLikelihood": numbers_likelihood(found),
    }
