"""The tables: each function reads measurements and returns a `Table`, which is written as CSV and as LaTeX.

A function takes `inputs` (the rule's named inputs) and `params`, and is named as its rule, less "table_".
"""

import csv
import io
from dataclasses import dataclass

from energyguide.reporting.results import UNITS, Number, at_scale, best_scale, read_metrics
from energyguide.storage import read_json, read_sidecar


@dataclass(frozen=True)
class Table:
    """Rows for machines, and the same for readers.

    Attributes:
        records: dictionaries with the same keys, numbers unrounded: the CSV.
        header: lines of the LaTeX header, each a list of cells.
        body: rows of cells; None draws a rule.
        columns: the LaTeX column specification.
        long: breaks over pages.
    """

    records: list
    header: list
    body: list
    columns: str
    long: bool = False

    def csv(self):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.records)
        return text.getvalue()

    def latex(self):
        def line(cells):
            return r"\midrule" if cells is None else " & ".join(cells) + r" \\"

        environment = "longtable" if self.long else "tabular"
        head = [r"\toprule", *map(line, self.header), r"\midrule"] + ([r"\endhead"] if self.long else [])
        lines = [rf"\begin{{{environment}}}{{{self.columns}}}", *head, *map(line, self.body), r"\bottomrule"]
        return "\n".join([*lines, rf"\end{{{environment}}}", ""])


def escape(text):
    return text.replace("_", r"\_").replace("%", r"\%").replace("&", r"\&")


def plus_minus(values, digits=2, factor=1):
    """A measured number for LaTeX, from one value a set; a single set has no uncertainty."""
    number = Number.of(values)
    spread = rf" \pm {factor * number.std:.{digits}f}" if len(values) > 1 else ""
    return rf"${factor * number.mean:.{digits}f}{spread}$"


def read_published(path, experiment, table):
    """(row, column) -> value, of the published numbers for an experiment; none for an experiment of None."""
    with open(path, newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["experiment"], r["table"]) == (experiment, table)]
    return {(r["row"], r["column"]): float(r["value"]) for r in rows}


def robustness(inputs, params):
    """Accuracy under PGD: eps-test by eps-train (thesis, Table 4.1)."""
    published = read_published(inputs.published, params.published, "robustness")
    results = [read_json(path) for path in inputs.results]
    records, body = [], []
    for eps in results[0]["accuracy"]:
        cells = [f"${float(eps):g}$"]
        best = max(r["accuracy"][eps] for r in results) or None
        for r in results:
            accuracy, reported = r["accuracy"][eps], published.get((f"{float(eps):g}", f"{r['eps_train']:g}"))
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
            cells.append(text if reported is None else f"{text} ({reported:.2f})")
        body.append(cells)
    count = len(results)
    header = [
        ["", rf"\multicolumn{{{count}}}{{c}}{{$\varepsilon$-train}}"],
        [r"$\varepsilon$-test", *(f"{r['eps_train']:g}" for r in results)],
    ]
    return Table(records, header, body, "l" + "r" * count)


MEASURES = {  # key: heading, digits, factor
    "is": ("IS", 2, 1),
    "fid": ("FID", 2, 1),
    "precision": ("P", 2, 1),
    "recall": ("R", 2, 1),
    "accuracy": (r"Acc.\ (\%)", 1, 100),
    "energy_divergence": ("$W_1$", 2, 1),
}


def measured(result, keys):
    """Cells of a table, and fields of its CSV, for the measures `keys` of one set of samples."""
    cells = [plus_minus(result[key], *MEASURES[key][1:]) for key in keys]
    numbers = {key: Number.of(result[key]) for key in keys}
    fields = {f"{key}{suffix}": value for key, n in numbers.items() for suffix, value in (("", n.mean), ("_std", n.std))}
    return cells, fields


def protocol_of(result):
    return {key: result["protocol"][key] for key in ("features", "reference", "samples", "sets")}


def unconditional(inputs, params):
    """Quality of the unguided unconditional samplers, and the floor (thesis, Table 4.2)."""
    published = read_published(inputs.published, params.published, "unconditional")
    keys = ["is", "fid", "precision", "recall"]
    records, body = [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        cells, fields = measured(at_scale(metrics, 0), keys)
        records.append({"sampler": name, "steps": spec["steps"], **fields, **protocol_of(metrics)})
        body.append([escape(spec["label"]), str(spec["steps"]), *cells])
        if (name, "fid") in published:
            body.append([r"\quad reported", "", *(f"{published[name, key]:.2f}" for key in keys)])
    floor = read_json(inputs.floor)
    cells, fields = measured(floor, keys)
    records.append({"sampler": "real images", "steps": "", **fields, **protocol_of(floor)})
    body += [None, [f"Real images ({floor['images']} split)", "--", *cells]]
    return Table(records, [["Sampler", "Steps", *(MEASURES[key][0] for key in keys)]], body, "lr" + "c" * len(keys))


def variant_row(name, spec, metrics, scale, keys):
    """One line of the tables of guidance: cells and fields."""
    result = at_scale(metrics, scale)
    cells, fields = measured(result, keys)
    unit = spec.get("unit")
    seconds = Number.of(result["seconds_per_image"]).mean
    diffusion, classifier = metrics["evaluations"]
    record = {
        "variant": name,
        "scale": scale,
        "unit": unit or "",
        **fields,
        "fjd_train": Number.of(result["fjd_train"]).mean,
        "evaluations_diffusion": diffusion,
        "evaluations_classifier": classifier,
        "seconds_per_image": seconds,
        **protocol_of(metrics),
    }
    return [escape(spec["label"]), rf"{scale:g}\,{UNITS[unit]}" if unit else "--", *cells], record


def guidance(inputs, params):
    """Every variant at its best scale."""
    keys, records, body = list(MEASURES), [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, spec, metrics, best_scale(metrics), keys)
        evaluations = f"{record['evaluations_diffusion']}+{record['evaluations_classifier']}"
        records.append(record)
        body.append([*cells, evaluations, f"{1000 * record['seconds_per_image']:.1f}"])
    header = [["Variant", "Scale", *(MEASURES[key][0] for key in keys), "NFE", "ms/img"]]
    return Table(records, header, body, "lr" + "c" * len(keys) + "rr")


def scales(inputs, params):
    """All variants at all scales."""
    keys, records, body = list(MEASURES), [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        for i, scale in enumerate(metrics["scales"]):
            cells, record = variant_row(name, spec, metrics, float(scale), keys)
            records.append(record)
            body.append([cells[0] if i == 0 else "", *cells[1:]])
        body.append(None)
    header = [["Variant", "Scale", *(MEASURES[key][0] for key in keys)]]
    return Table(records, header, body[:-1], "lr" + "c" * len(keys), long=True)


def energy(inputs, params):
    """Mean and standard deviation of E(x) and E(x, y) by class, over the training set."""
    results = [read_json(path) for path in inputs.results]
    records, body = [], []
    for name in [*results[0]["E(x)"]["classes"], "all"]:
        cells = [escape(name)]
        for r in results:
            for kind in ("E(x)", "E(x,y)"):
                s = r[kind]["all"] if name == "all" else r[kind]["classes"][name]
                cells.append(rf"${s['mean']:.1f} \pm {s['std']:.1f}$")
                quantiles = {f"q{q}": value for q, value in s["quantiles"].items()}
                row = {"class": name, "eps_train": r["eps_train"], "energy": kind, "n": s["n"]}
                records.append({**row, "mean": s["mean"], "std": s["std"], **quantiles})
        body += [None, cells] if name == "all" else [cells]
    top = [rf"\multicolumn{{2}}{{c}}{{$\varepsilon$-train {r['eps_train']:g}}}" for r in results]
    return Table(records, [["", *top], ["Class", *["$E(x)$", "$E(x,y)$"] * len(results)]], body, "l" + "rr" * len(results))


def networks(inputs, params):
    """What was trained: parameters, images seen, time."""
    records, body = [], []
    for path in inputs.weights:
        info = read_sidecar(path)
        history = info["history"]
        name = path.rsplit("/", 1)[1].removesuffix(".safetensors")
        kind = "diffusion" if "p_uncond" in info else "classifier"
        best = max((score for _, score in history["scores"]), default=None)
        records.append(
            {
                "network": name,
                "kind": kind,
                "parameters": history["parameters"],
                "images_seen": history["images_seen"],
                "seconds": history["seconds"],
                "last_loss": history["losses"][-1][1],
                "held_out_accuracy": "" if best is None else best,
            }
        )
        body.append(
            [
                escape(name),
                kind,
                f"{history['parameters'] / 1e6:.2f}",
                f"{history['images_seen'] / 1e3:,.0f}",
                f"{history['seconds'] / 60:.1f}",
                "--" if best is None else f"{100 * best:.1f}",
            ]
        )
    header = [["Network", "Kind", "Parameters (M)", "Images seen (k)", "Minutes", r"Held-out accuracy (\%)"]]
    return Table(records, header, body, "llrrrr")
