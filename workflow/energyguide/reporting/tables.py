"""The tables: each function reads measurements and returns a `Table`, which is written as CSV, LaTeX and HTML.

A function takes `inputs` (the rule's named inputs) and `params`, and is named as its rule, less "table_".
"""

from energyguide import records
from energyguide.reporting.layout import (
    MEASURES,
    Published,
    Table,
    escape,
    measured,
    plus_minus,
    protocol_of,
    radius_text,
    unrounded,
)
from energyguide.reporting.results import UNITS, Number, at_scale, best_scale, finite, read_metrics
from energyguide.reporting.survey import read_answers, tally
from energyguide.storage import digest, read_json, read_sidecar


def robustness(inputs, params):
    """Accuracy under PGD: eps-test by eps-train (thesis, Table 4.1)."""
    published = Published(inputs.published, params.published, "robustness")
    results = [read_json(path) for path in inputs.results]
    records, body = [], []
    for eps in results[0]["accuracy"]:
        cells = [f"${float(eps):g}$"]
        best = max(r["accuracy"][eps] for r in results) or None
        for r in results:
            accuracy, place = r["accuracy"][eps], (f"{float(eps):g}", f"{r['eps_train']:g}")
            reported = published.get(*place)
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
            cells.append(published.beside(text, *place))
        body.append(cells)
    count = len(results)
    header = [
        ["", rf"\multicolumn{{{count}}}{{c}}{{$\varepsilon$-train}}"],
        [r"$\varepsilon$-test", *(f"{r['eps_train']:g}" for r in results)],
    ]
    return Table(records, header, body, "l" + "r" * count)


def unconditional(inputs, params):
    """Quality of the unguided unconditional samplers, and the floor (thesis, Table 4.2)."""
    published = Published(inputs.published, params.published, "unconditional")
    keys = ["is", "fid", "precision", "recall"]
    records, body = [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        result, used = at_scale(metrics, 0), protocol_of(metrics)
        cells, fields = measured(result, keys)
        together = result["fid_all_train"]
        records.append({"sampler": name, "steps": spec["steps"], **fields, "fid_all_train": together[0], **used})
        body.append([escape(spec["label"]), str(spec["steps"]), *cells, plus_minus(together)])
        body += published.line(name, [*keys, "fid_all_train"], [""])
    floor = read_json(inputs.floor)
    cells, fields = measured(floor, keys)
    records.append({"sampler": "real images", "steps": "", **fields, "fid_all_train": "", **protocol_of(floor)})
    body += [None, [f"Real images ({floor['images']} split)", "--", *cells, "--"]]
    headline = f"FID ({used['samples'] * used['sets']:,}/train)"
    return Table(
        records, [["Sampler", "Steps", *(MEASURES[key][0] for key in keys), headline]], body, "lr" + "c" * (len(keys) + 1)
    )


def variant_row(name, spec, metrics, scale, keys):
    """One line of the tables of guidance: cells and fields."""
    result = at_scale(metrics, scale)
    cells, fields = measured(result, keys)
    unit = spec.get("unit")
    diffusion, classifier = metrics["evaluations"]
    record = {
        "variant": name,
        "scale": scale,
        "unit": unit or "",
        **fields,
        "evaluations_diffusion": diffusion,
        "evaluations_classifier": classifier,
        **{key: unrounded(result, key) for key in ("seconds_per_image", "fid_all_train")},
        **protocol_of(metrics),
    }
    return [escape(spec["label"]), rf"{scale:g}\,{UNITS[unit]}" if unit else "--", *cells], record


def written(value, form, factor=1):
    """A field of `unrounded` as a cell."""
    return value if value == "diverged" else format(factor * value, form)


def summary(inputs, params):
    """Every guidance system at its best scale: that with the least Frechet joint distance to the training images."""
    keys, records, body = list(MEASURES), [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, spec, metrics, best_scale(metrics), keys)
        evaluations = f"{record['evaluations_diffusion']}+{record['evaluations_classifier']}"
        records.append(record)
        body.append([*cells, evaluations, written(record["seconds_per_image"], ".1f", 1000)])
    header = [["System", "Scale", *(MEASURES[key][0] for key in keys), "NFE", "ms/img"]]
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
    header = [["System", "Scale", *(MEASURES[key][0] for key in keys)]]
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


KINDS = {
    "UNet": "diffusion",
    "VDM": "variational diffusion",
    "Generator": "GAN generator",
    "CifarResNet": "classifier",
    "TimeClassifier": "time-dependent classifier",
}


def networks(inputs, params):
    """The networks: parameters, and of those that were trained here images seen and time."""
    records, body = [], []
    for path in inputs.weights:
        info = read_sidecar(path)
        history = info["history"]
        name = path.rsplit("/", 1)[1].removesuffix(".safetensors")
        kind = KINDS[info["architecture"]]
        trained = ["images_seen", "seconds", "last_loss", "held_out_accuracy"]
        record = {"network": name, "kind": kind, "parameters": history["parameters"], **dict.fromkeys(trained, "")}
        cells = ["--"] * 3
        if "released" not in info:
            best = max((score for _, score in history["scores"]), default=None)
            record |= {"images_seen": history["images_seen"], "seconds": history["seconds"]}
            record |= {"last_loss": history["losses"][-1][1], "held_out_accuracy": "" if best is None else best}
            cells = [f"{history['images_seen'] / 1e3:,.0f}", f"{history['seconds'] / 60:.1f}"]
            cells += ["--" if best is None else f"{100 * best:.1f}"]
        records.append({**record, "released_sha256": info.get("released", {}).get("sha256", "")})
        body.append([escape(name), kind, f"{history['parameters'] / 1e6:.2f}", *cells])
    header = [["Network", "Kind", "Parameters (M)", "Images seen (k)", "Minutes", r"Held-out accuracy (\%)"]]
    return Table(records, header, body, "llrrrr")


def time_quality(inputs, params):
    """The class-conditional model unguided, and guided by either time-dependent classifier (Kawar et al., Table 1)."""
    published = Published(inputs.published, params.published, "time_quality")
    keys, records, body = ["precision", "recall", "fid", "is", "accuracy"], [], []
    for kind in ("unguided", "vanilla", "robust"):
        name = params.compared[kind]
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, params.variants[name], metrics, best_scale(metrics), keys)
        reported = {f"{key}_reported": published.field(kind, key) for key in ("precision", "recall", "fid")}
        records.append({"guidance": kind, **record, **reported, "reported_on": published.data})
        body += [cells, *published.line(kind, keys, [""])]
    return Table(records, [["", "Scale", *(MEASURES[key][0] for key in keys)]], body, "lr" + "c" * len(keys))


def time_iterations(inputs, params):
    """FID of the unguided class-conditional model by training iterations, snapshots of one run (Kawar et al., Table 3)."""
    published = Published(inputs.published, params.published, "time_iterations")
    columns = [str(step) for step in params.steps.values()]
    records, cells = [], []
    for name, step in params.steps.items():
        metrics = read_metrics(inputs.metrics, name)
        (cell,), fields = measured(at_scale(metrics, 0), ["fid"])
        cells.append(cell)
        records.append({"iterations": step, **fields, "fid_reported": published.field("fid", str(step)), **protocol_of(metrics)})
    header = [["Iterations", *(f"{step:,}" for step in params.steps.values())]]
    return Table(records, header, [["FID", *cells], *published.line("fid", columns)], "l" + "c" * len(cells))


def time_threats(inputs, params):
    """FID by the threat model and the number of attack steps in training (Kawar et al., Table 4)."""
    published = Published(inputs.published, params.published, "time_threats")
    found = {}
    for name, attack in params.threats.items():
        metrics = read_metrics(inputs.metrics, name)
        row = attack["norm"], radius_text(attack["norm"], attack["eps"])
        found.setdefault(row, {})[attack["steps"]] = at_scale(metrics, params.scale), metrics
    results = [result for cells in found.values() for result, _ in cells.values() if "diverged" not in result]
    best = min((Number.of(result["fid"]).mean for result in results), default=None)
    columns = sorted({steps for cells in found.values() for steps in cells})
    records, body = [], []
    for (norm, eps), cells in found.items():
        norm_sign = r"\infty" if norm == "linf" else "2"
        line = [rf"$\|\boldsymbol{{\delta}}\|_{norm_sign} \le {eps}$"]
        for steps in columns:
            result, metrics = cells[steps]
            (text,), fields = measured(result, ["fid"])
            place = f"{norm}-{eps}", str(steps)
            line.append(published.beside(rf"\boldmath{text}" if fields["fid"] == best else text, *place))
            record = {"norm": norm, "eps": eps, "steps": steps, "scale": params.scale, **fields}
            records.append({**record, "fid_reported": published.field(*place), **protocol_of(metrics)})
        body.append(line)
    header = [["Threat model", *(f"{steps} steps" for steps in columns)]]
    return Table(records, header, body, "l" + "c" * len(columns))


def by_scale(inputs, unguided, guided):
    """The measurements of a guided variant by scale, as text; those of the same model without guidance stand at 0."""
    without = at_scale(read_metrics(inputs.metrics, unguided), 0)
    return {"0": without, **read_metrics(inputs.metrics, guided)["scales"]}


def time_by_scale(inputs, params, table, keys):
    """One line for each time-dependent classifier and measure, one column a scale."""
    published = Published(inputs.published, params.published, table)
    lines = {kind: by_scale(inputs, params.compared["unguided"], params.compared[kind]) for kind in ("vanilla", "robust")}
    columns = sorted({scale for line in lines.values() for scale in line}, key=float)
    protocol = protocol_of(read_metrics(inputs.metrics, params.compared["unguided"]))
    records, body = [], []
    for kind, line in lines.items():
        for key in keys:
            cells = {scale: measured(line[scale], [key]) if scale in line else (["--"], None) for scale in columns}
            body.append([f"{kind.capitalize()}, {MEASURES[key][0]}", *(cell for (cell,), _ in cells.values())])
            body += published.line(f"{kind} {key}", columns)
            for scale, (_, fields) in cells.items():
                if fields:
                    record = {
                        "classifier": kind,
                        "measure": key,
                        "scale": scale,
                        "mean": fields[key],
                        "std": fields[f"{key}_std"],
                    }
                    records.append({**record, "reported": published.field(f"{kind} {key}", scale), **protocol})
    return Table(records, [["", *(f"$s = {scale}$" for scale in columns)]], body, "l" + "c" * len(columns))


def time_scales(inputs, params):
    """FID by guidance scale, for both time-dependent classifiers (Kawar et al., Table 5)."""
    return time_by_scale(inputs, params, "time_scales", ["fid"])


def time_precision(inputs, params):
    """Precision and recall by guidance scale, for both time-dependent classifiers (Kawar et al., Table 6)."""
    return time_by_scale(inputs, params, "time_precision", ["precision", "recall"])


def classifier_free(inputs, params):
    """FID and IS of classifier-free guidance by its weight w (Ho and Salimans 2022, Table 1)."""
    published = Published(inputs.published, params.published, "classifier_free")
    keys, records, body = ["fid", "is", "precision", "recall", "accuracy"], [], []
    lines = by_scale(inputs, params.unguided, params.variant)
    protocol = protocol_of(read_metrics(inputs.metrics, params.variant))
    best = {"fid": min, "is": max}
    best = {key: choose(Number.of(result[key]).mean for result in finite(lines).values()) for key, choose in best.items()}
    for w, result in lines.items():
        cells, fields = measured(result, keys)
        cells = [rf"\boldmath{cell}" if best.get(key) == fields[key] else cell for key, cell in zip(keys, cells, strict=True)]
        reported = [published.get(w, key) for key in ("fid", "is")]
        extra = ["--" if value is None else f"{value:g}" for value in reported] if published.values else []
        body.append([f"${w}$", *cells, *extra])
        records.append({"w": w, **fields, **{f"{key}_reported": published.field(w, key) for key in ("fid", "is")}, **protocol})
    header, columns = [["$w$", *(MEASURES[key][0] for key in keys)]], "r" + "c" * len(keys)
    if published.values:
        above = [
            "",
            rf"\multicolumn{{{len(keys)}}}{{c}}{{ours}}",
            rf"\multicolumn{{2}}{{c}}{{reported, {escape(published.data)}}}",
        ]
        header, columns = [above, [*header[0], "FID", "IS"]], columns + "cc"
    return Table(records, header, body, columns)


TERMS = ("prior", "reconstruction", "diffusion", "total")


def likelihood(inputs, params):
    """The variational bound on the test images in bits per dimension, and its terms (Kingma et al. 2021, Table 1)."""
    published = Published(inputs.published, params.published, "likelihood")
    records, body = [], []
    for path, (name, label) in zip(inputs.results, params.labels.items(), strict=True):
        found = read_json(path)
        longest = list(found["discrete"])[-1]
        lines = {longest: found["discrete"][longest]}
        if "continuous" in found:
            lines[r"$\infty$"] = found["continuous"]["learned"]
        for steps, terms in lines.items():
            numbers = {term: Number.of(terms[term]) for term in TERMS}
            fields = {
                f"{term}{suffix}": value for term, n in numbers.items() for suffix, value in (("", n.mean), ("_std", n.std))
            }
            steps_named = "continuous" if steps not in found["discrete"] else int(steps)
            reported = {f"reported_{column}": published.field(name, column) for column in ("plain", "augmented")}
            records.append({"model": name, "steps": steps_named, **fields, **reported, **found["protocol"]})
            body.append([escape(label) if steps == longest else "", steps, *(plus_minus(terms[term], 3) for term in TERMS)])
        body += reported_bits(published, name, r"\quad reported")
    others = [line for row in published.rows if row not in params.labels for line in reported_bits(published, row, escape(row))]
    header = ["Model", "Steps", "Prior", "Reconstruction", "Diffusion", "Bits/dim"]
    return Table(records, [header], body + ([None, *others] if others else []), "lrcccc")


def reported_bits(published, row, label):
    """The published bits per dimension of a model, as lines of the table: without, and with augmented images."""
    lines = []
    for column, note in (("plain", ""), ("augmented", ", augmented images")):
        if (value := published.get(row, column)) is not None:
            lines.append([f"{label}, {escape(published.data)}{note}", "", "", "", "", f"{value:.2f}"])
    return lines


def generators(inputs, params):
    """Quality against cost, of the systems without guidance (Xiao et al. 2022, Table 1)."""
    published = Published(inputs.published, params.published, "generators")
    keys, records, body = ["is", "fid", "precision", "recall"], [], []
    columns = [*keys, "fid_all_train", "nfe", "seconds"]
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, spec, metrics, best_scale(metrics), keys)
        records.append(record)
        together, seconds = written(record["fid_all_train"], ".2f"), written(record["seconds_per_image"], ".2g")
        body.append([cells[0], *cells[2:], together, str(record["evaluations_diffusion"]), seconds])
        if name in published.rows:
            body.append([rf"\quad reported, {escape(published.data)}", *published.cells(name, columns)])
    others = [row for row in published.rows if row not in params.variants]
    reported = [[f"{escape(row)}, {escape(published.data)}", *published.cells(row, columns)] for row in others]
    body += [None, *reported] if reported else []
    headline = f"FID ({record['samples'] * record['sets']:,}/train)"
    return Table(records, [["System", *(MEASURES[key][0] for key in keys), headline, "NFE", "s/img"]], body, "lcccccrr")


def modes(inputs, params):
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
        ["", r"\multicolumn{2}{c}{25 Gaussians}", r"\multicolumn{2}{c}{Stacked digits}"],
        ["", "Covered", r"Near one (\%)", "Covered", "KL"],
    ]
    return Table(records, header, body + ([None, *reported] if reported else []), "lrrrr")


def provenance(inputs, params):
    """What the paper rests on, by the rule that made it: files, commits, and one checksum of all their checksums."""
    found = {}
    for path in inputs.results:
        made = records.read(path)
        found.setdefault(made["rule"], []).append(made)
    rows, body = [], []
    for rule, made in found.items():
        commits = sorted({records.commit(one) for one in made})
        checksum = digest(sorted(one["sha256"] for one in made))
        rows.append({"rule": rule, "files": len(made), "commits": " ".join(commits), "checksum": checksum})
        name, tree, end = (rf"\texttt{{{text}}}" for text in (escape(rule), ", ".join(commits), checksum))
        body.append([name, f"{len(made)}", tree, end])
    return Table(rows, [["Rule", "Files", "Commit", "Checksum"]], body, "lrll")


def preferences(inputs, params):
    """The share of pairs on which raters prefer either guidance, by the share of votes it takes (Kawar et al., Table 2)."""
    published = Published(inputs.published, params.published, "preferences")
    survey = read_json(inputs.survey)
    found = tally(read_answers(inputs.answers, survey), survey)
    counts = {**{key: found[key] for key in ("raters", "pairs", "answers")}, "sign_test_p": found["sign_test"]["p"]}
    choices, records, body = ("first", "second", "none"), [], []
    for threshold, shares in found["preferred"].items():
        percents = [100 * shares[choice] for choice in choices]
        body.append([rf"${100 * float(threshold):g}\%$", *(f"{value:.1f}" for value in percents)])
        body += published.line(threshold, choices, digits=1)
        names = dict(zip(choices, [*found["systems"], "none"], strict=True))
        for choice, value in zip(choices, percents, strict=True):
            reported = published.field(threshold, choice)
            records.append(
                {"threshold": threshold, "preferred": names[choice], "percent": value, "percent_reported": reported, **counts}
            )
    return Table(records, [["More than", r"Robust (\%)", r"Vanilla (\%)", r"No preference (\%)"]], body, "lrrr")
