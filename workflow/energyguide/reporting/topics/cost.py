"""Quality against the cost of a sample."""

import itertools

from energyguide.metrics.scales import at_scale, read_metrics
from energyguide.metrics.statistics import Number
from energyguide.reporting.layout import MEASURES, Published, Table, escape
from energyguide.reporting.rows import variant_row, written
from energyguide.reporting.style import WIDTH, categories, logarithmic, pyplot


def table_generators(inputs, params):
    """Quality against cost, of the systems without guidance (Xiao et al. 2022, Table 1)."""
    published = Published(inputs.published, params.published, "generators")
    keys, records, body = ["is", "fid", "precision", "recall"], [], []
    columns = [*keys, "fid_all_train", "nfe", "seconds"]
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, spec, metrics, metrics["best"], keys)
        records.append(record)
        together, seconds = written(record["fid_all_train"], ".2f"), written(record["seconds_per_image"], ".2g")
        body.append([cells[0], *cells[3:], together, str(record["evaluations_diffusion"]), seconds])
        if name in published.rows:
            body.append([rf"\quad reported, {escape(published.data)}", *published.cells(name, columns)])
    others = [row for row in published.rows if row not in params.variants]
    reported = [[f"{escape(row)}, {escape(published.data)}", *published.cells(row, columns)] for row in others]
    body += [None, *reported] if reported else []
    headline = f"FID ({record['samples'] * record['sets']:,}/train)"
    return Table(records, [["System", *(MEASURES[key][0] for key in keys), headline, "NFE", "s/img"]], body, "lcccccrr")


def figure_generators(inputs, params):
    """Quality against the time that a sample takes, of all systems, each at its best scale (Xiao et al. 2022, Fig. 4)."""
    figure, panels = pyplot().subplots(1, 2, figsize=(WIDTH, 3.2))
    markers = itertools.cycle("osD^v")
    for (name, spec), colour in zip(params.variants.items(), itertools.cycle(categories(20)), strict=False):
        metrics, marker = read_metrics(inputs.metrics, name), next(markers)
        result = at_scale(metrics, metrics["best"])
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
