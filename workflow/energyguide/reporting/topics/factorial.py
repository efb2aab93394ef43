"""The factorial of guidance by an image classifier: losses by classifiers by points of the gradient, at one strength."""

from collections import Counter

from energyguide.metrics.scales import at_scale, finite, read_metrics
from energyguide.metrics.statistics import Number, verdicts
from energyguide.reporting.layout import FID, MEASURES, Table, measured, protocol_of
from energyguide.reporting.phrases import listing
from energyguide.reporting.read import UNITS
from energyguide.reporting.style import WIDTH, categories, pyplot

SHOWN = ("accuracy", FID, "energy_divergence")
PLURALS = {"accuracy": "class accuracies", FID: r"FID$_\infty$", "energy_divergence": "energy divergences"}
POINTS = {"x_t": r"$\mathbf{x}_t$", "x0": r"$\hat{\mathbf{x}}_0$"}


def loss_name(spec):
    """A loss by its one free number."""
    return rf"$\lambda={spec['lambda']:g}$" if "lambda" in spec else f"$w={spec['normaliser']:g}$"


def setting_name(params, setting):
    """A classifier and a point, in words."""
    classifier, at = setting
    return rf"$\varepsilon={params.eps_train[classifier]:g}$ at {POINTS[at]}"


class Cells:
    """The measurements of all cells, at their strength; and what lies beside a cell."""

    def __init__(self, inputs, params):
        self.metrics = {cell: read_metrics(inputs.metrics, name) for name, cell in params.cells.items()}
        self.results = {cell: at_scale(metrics, params.strength) for cell, metrics in self.metrics.items()}
        self.settings = list(dict.fromkeys((classifier, at) for _, classifier, at in self.results))

    def tell(self, pairs, *keys):
        """How often a measure can be told to be lower or higher in the first of two cells: by measure a count of signs.

        The comparisons of all measures are one family; pairs with a cell that diverged are none.
        """
        whole = finite(self.results)
        pairs = [(a, b) for a, b in pairs if a in whole and b in whole]
        told = verdicts({(key, a, b): (whole[a][key], whole[b][key]) for key in keys for a, b in pairs})
        return {key: Counter(sign for (of, *_), sign in told.items() if of == key) for key in keys}


def table_factorial(inputs, params):
    """Class accuracy, FID at infinity and energy divergence: one column a loss, one line a classifier and point."""
    cells, body, records = Cells(inputs, params), [], []
    for key in SHOWN:
        for setting in cells.settings:
            line = [MEASURES[key][0] if setting == cells.settings[0] else "", setting_name(params, setting)]
            for loss in params.losses:
                result = cells.results[loss, *setting]
                (text,), fields = measured(result, [key])
                line.append(text)
                record = {"loss": loss, "classifier": setting[0], "at": setting[1], "strength": params.strength}
                numbers = {"measure": key, "mean": fields[key], "std": fields[f"{key}_std"], "scale": result["scale"]}
                records.append({**record, **numbers, **protocol_of(cells.metrics[loss, *setting])})
            body.append(line)
        body.append(None)
    header = [["", "Guide", *map(loss_name, params.losses.values())]]
    return Table(records, header, body[:-1], "ll" + "c" * len(params.losses))


def figure_factorial(inputs, params):
    """The same as lines over the losses; grey is the model without guidance."""
    cells = Cells(inputs, params)
    figure, panels = pyplot().subplots(1, len(SHOWN), figsize=(WIDTH, 2.6))
    colours, points = dict(zip(params.eps_train, categories(len(params.eps_train)), strict=True)), list(POINTS)
    for axes, key in zip(panels, SHOWN, strict=True):
        heading, _, factor = MEASURES[key]
        if params.unguided:
            level = Number.of(at_scale(read_metrics(inputs.metrics, params.unguided), 0)[key]).mean
            axes.axhline(factor * level, color="grey", linewidth=0.8, label="unguided")
        for setting in cells.settings:
            line = finite({loss: cells.results[loss, *setting] for loss in params.losses})
            numbers = [Number.of(result[key]) for result in line.values()]
            look = {"color": colours[setting[0]], "linestyle": ["-", "--"][points.index(setting[1])], "marker": "o"}
            places = [list(params.losses).index(loss) for loss in line]
            means, stds = ([factor * getattr(number, part) for number in numbers] for part in ("mean", "std"))
            axes.errorbar(places, means, stds, label=setting_name(params, setting), markersize=3, **look)
        axes.set_xticks(range(len(params.losses)), [loss_name(spec) for spec in params.losses.values()], rotation=60)
        axes.set_title(heading.replace(r"\ ", " ").replace(r"\%", "%"))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def counted(found, key):
    """How often a measure is lower, higher, or neither, in words."""
    words = {-1: "lower", 1: "higher", 0: "not distinguishable"}
    parts = [f"{count} {'is' if count == 1 else 'are'} {words[sign]}" for sign in words if (count := found[key][sign])]
    return f"of {found[key].total()} {PLURALS[key]}, {listing(parts)}"


def numbers(inputs, params):
    """What each factor changes, all else equal."""
    cells, losses = Cells(inputs, params), params.losses
    by = {(kind, spec[kind]): loss for loss, spec in losses.items() for kind in ("normaliser", "lambda") if kind in spec}
    energy, posterior = by.get(("normaliser", 0)), by.get(("normaliser", 1))
    target = by.get(max((key for key in by if key[0] == "lambda"), default=None))
    plain = next((name for name, eps in params.eps_train.items() if not eps), None)

    def losses_apart(a, b):
        return [((a, *setting), (b, *setting)) for setting in cells.settings if a and b]

    def sentence(lead, pairs, *keys):
        found = cells.tell(pairs, *keys)
        return f"{lead}: {'; '.join(counted(found, key) for key in keys)}." if pairs else "It is not varied in this experiment."

    robust = [((loss, c, at), (loss, plain, at)) for loss, c, at in cells.results if plain not in (None, c)]
    points = [((loss, c, "x0"), (loss, c, "x_t")) for loss, c, at in cells.results if at == "x0" and (c, "x_t") in cells.settings]
    return {
        "nCells": len(cells.results),
        "factorialStrength": f"{params.strength:g}",
        "factorialUnit": UNITS[params.unit],
        "sayFactorialEnergy": sentence(
            "With the energy alone in place of the posterior", losses_apart(energy, posterior), *SHOWN
        ),
        "sayFactorialTarget": sentence(
            r"With $\Delta E$ at the largest $\lambda$ beside the energy", losses_apart(target, energy), *SHOWN
        ),
        "sayFactorialRobust": sentence("With a robust classifier in place of the plain one", robust, "accuracy", FID),
        "sayFactorialPoint": sentence(
            "With the gradient at the predicted image in place of the noisy one", points, "accuracy", FID
        ),
    }
