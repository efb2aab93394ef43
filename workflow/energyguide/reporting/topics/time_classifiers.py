"""Time-dependent classifiers, vanilla and robust (Kawar, Ganz and Elad 2022)."""

from itertools import combinations
from statistics import fmean

from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.metrics.scales import at_scale, finite, read_metrics
from energyguide.metrics.statistics import Number, verdicts
from energyguide.reporting.layout import MEASURES, Published, Table, measured, protocol_of, radius_text
from energyguide.reporting.phrases import NORMS, WORDS, listing, said
from energyguide.reporting.read import first_samples
from energyguide.reporting.rows import by_scale, variant_row
from energyguide.reporting.samples import Samples
from energyguide.reporting.style import SHOWN, centred, class_names, gallery


def table_time_quality(inputs, params):
    """The class-conditional model unguided, and guided by either time-dependent classifier (Kawar et al., Table 1)."""
    published = Published(inputs.published, params.published, "time_quality")
    keys, records, body = ["precision", "recall", "fid", "is", "accuracy"], [], []
    for kind in ("unguided", "vanilla", "robust"):
        name = params.compared[kind]
        metrics = read_metrics(inputs.metrics, name)
        cells, record = variant_row(name, params.variants[name], metrics, metrics["best"], keys)
        reported = {f"{key}_reported": published.field(kind, key) for key in ("precision", "recall", "fid")}
        records.append({"guidance": kind, **record, **reported, "reported_on": published.data})
        body += [[cells[0], *cells[2:]], *published.line(kind, keys, [""])]
    return Table(records, [["", "$s$", *(MEASURES[key][0] for key in keys)]], body, "lr" + "c" * len(keys))


def table_time_iterations(inputs, params):
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


def table_time_threats(inputs, params):
    """FID by the threat model and the number of attack steps in training (Kawar et al., Table 4): their radii, on [-1, 1]."""
    published = Published(inputs.published, params.published, "time_threats")
    found = {}
    for name, attack in params.threats.items():
        metrics = read_metrics(inputs.metrics, name)
        row = attack["norm"], radius_text(attack["norm"], 2 * attack["eps"])
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


def table_time_scales(inputs, params):
    """FID by guidance scale, for both time-dependent classifiers (Kawar et al., Table 5)."""
    return time_by_scale(inputs, params, "time_scales", ["fid"])


def table_time_precision(inputs, params):
    """Precision and recall by guidance scale, for both time-dependent classifiers (Kawar et al., Table 6)."""
    return time_by_scale(inputs, params, "time_precision", ["precision", "recall"])


def figure_time_pairs(inputs, params):
    """The same noise unguided, and under vanilla and robust guidance at one scale (Kawar et al., Fig. 2)."""
    classes, rows = class_names(inputs, params)[:SHOWN], {}
    for name, spec in params.variants.items():
        rows[spec["label"]] = list(first_samples(inputs.samples, name, params.scale if "unit" in spec else 0, len(classes)) / 255)
    return gallery(rows, classes, label_width=2.1)


def figure_time_gradients(inputs, params):
    """Gradients of log p(y|x_t) of both time-dependent classifiers, from the image to the noise (Kawar et al., Fig. 3)."""
    classes, arrays, rows = class_names(inputs, params), load_arrays(inputs.arrays), {}
    for i, label in enumerate(arrays["labels"][: params.images]):
        name = classes[label]
        rows[rf"{name}: $x_t$"] = list((arrays["x_t"][:, i] + 1) / 2)
        for variant, spec in params.variants.items():
            rows[f"{name}: {spec['label']}"] = list(centred(arrays[f"{variant} gradients"][:, i]))
    return gallery(rows, [f"$t = {t}$" for t in read_sidecar(inputs.arrays)["timesteps"]], label_width=1.8)


def figure_time_attacks(inputs, params):
    """Targeted PGD from clean images under a large radius, at t = 0 (Kawar et al., Fig. 4); one column an image."""
    classes, arrays = class_names(inputs, params), load_arrays(inputs.arrays)
    rows = {"image": list((arrays["images"][:SHOWN] + 1) / 2)}
    for variant, spec in params.variants.items():
        rows[spec["label"]] = list((arrays[f"{variant} maximised"][:SHOWN] + 1) / 2)
    pairs = zip(arrays["labels"][:SHOWN], arrays["targets"][:SHOWN], strict=True)
    return gallery(rows, [rf"{classes[a]} $\to$ {classes[b]}" for a, b in pairs], label_width=1.8)


def figure_time_predictions(inputs, params):
    """The image predicted at evenly spaced steps, for the same class and noise (Kawar et al., Fig. 5)."""
    classes, arrays, rows = class_names(inputs, params), load_arrays(inputs.arrays), {}
    for k in params.shown:
        for variant, spec in params.variants.items():
            rows[f"{classes[k]}: {spec['label']}"] = [(x[k] + 1) / 2 for x in arrays[f"{variant} x0"]]
    return gallery(rows, label_width=2.1)


def threat(attack):
    """A threat model in words."""
    return f"{NORMS[attack['norm']]} of radius {radius_text(attack['norm'], attack['eps'])}"


OPTIMIZERS = {"adamw": r"AdamW \citep{loshchilov2019decoupled}", "sgd": "gradient descent with momentum"}
ANNEALED = {
    "constant": "constant",
    "linear": "annealed linearly",
    "cosine": "annealed along a cosine",
    "milestones": "cut in steps",
}


def training(spec):
    """How a network is trained, in words."""
    kept = "an average of the weights" if spec["ema_images"] else "the last weights"
    return (
        f"{OPTIMIZERS[spec['optimizer']]} over {spec['steps']:,} steps, with a learning rate that is "
        f"{ANNEALED[spec['lr_schedule']]}; {kept} are kept"
    )


def numbers_settings(params):
    attacks = list(params.threats.values())
    models = list(dict.fromkeys(map(threat, attacks)))
    robust = params.threats[params.compared["robust"]]
    return {
        "timeThreats": listing(models),
        "timeAttackSteps": listing(sorted({attack["steps"] for attack in attacks})),
        "timeRobust": f"{threat(robust)}, {robust['steps']} steps",
        "timeTraining": training(params.training),
        "timeScale": f"{params.compared['scale']:g}",
        "maximiseEps": f"{params.gradients['eps']:g}",
        "maximiseSteps": params.gradients["steps"],
    }


TRADED = ("precision", "recall")


def numbers_time_dependent(samples, params):
    """Vanilla against robust, at their best scales and over the grid that they share."""
    plain, vanilla, robust = (params.compared[kind] for kind in ("unguided", "vanilla", "robust"))
    if lost := samples.diverged(vanilla, robust):
        return {"sayTimeQuality": lost, "sayTimeScales": ""}
    told = samples.verdicts(
        **{key: (robust, vanilla, key) for key in ("fid", "precision", "recall")}, against=(robust, plain, "fid")
    )
    words = {name: said(verdict, *WORDS) for name, verdict in told.items()}
    grids = [samples.line(name) for name in (vanilla, robust)]
    shared = [scale for scale in grids[0] if scale in grids[1]]
    fewer = sum(fmean(grids[1][s]["fid"]) < fmean(grids[0][s]["fid"]) for s in shared)
    trade = []
    start, ends = samples.metrics[plain]["scales"]["0"], [list(grid.values())[-1] for grid in grids]
    kinds = dict(zip(("vanilla", "robust"), ends, strict=True))
    moves = verdicts({f"{kind} {key}": (end[key], start[key]) for kind, end in kinds.items() for key in TRADED})
    for kind, end in kinds.items():
        moved = [said(moves[f"{kind} {key}"], "up", "down", "neither measurably up nor down") for key in TRADED]
        numbers = [f"{fmean(part[key]):.2f}" for key in TRADED for part in (start, end)]
        trade.append(
            f"with the {kind} classifier precision goes {moved[0]} ({numbers[0]} to {numbers[1]}) and recall {moved[1]} "
            f"({numbers[2]} to {numbers[3]})"
        )
    return {
        "sayTimeQuality": f"At their best scales, the FID with the robust classifier is {words['fid']} ("
        f"{samples.text(robust, 'fid')} at {samples.at(robust)}, against {samples.text(vanilla, 'fid')} at "
        f"{samples.at(vanilla)} with the vanilla one), its precision is {words['precision']} and its recall "
        f"{words['recall']}; against the unguided model ({samples.text(plain, 'fid')}) its FID is {words['against']}.",
        "sayTimeScales": f"At equal scales the robust classifier has the lower mean FID at {fewer} of {len(shared)}. From no "
        f"guidance to the largest scale tried, {' and '.join(trade)}.",
    }


def numbers_iterations(inputs, params):
    """Where in the training of the class-conditional model its FID is least."""
    fid = {step: at_scale(read_metrics(inputs.metrics, name), 0)["fid"] for name, step in params.snapshots.items()}
    best, last = min(fid, key=lambda step: fmean(fid[step])), list(fid)[-1]
    if best == last:
        least = f"The FID of the unguided model is least at the end of its training ({fmean(fid[last]):.2f})."
        return {"sayTimeIterations": least}
    told = verdicts({step: (fid[last], values) for step, values in fid.items() if step != last})
    verdict = said(told[best], "above that", "below that", "not distinguishable from that")
    return {
        "sayTimeIterations": f"The FID of the unguided model is least after {best:,} iterations ({fmean(fid[best]):.2f}); at the "
        f"end of the training, after {last:,}, it is {verdict} ({fmean(fid[last]):.2f})."
    }


def numbers_threats(inputs, params):
    """Which threat model gives the least FID, and how much it matters."""
    results = {name: at_scale(read_metrics(inputs.metrics, name), params.compared["scale"]) for name in params.threats}
    fid = {name: result["fid"] for name, result in finite(results).items()}
    if not fid:
        return {"sayTimeThreats": "There is nothing to compare: samples ceased to be finite under every threat model."}
    unguided = at_scale(read_metrics(inputs.metrics, params.compared["unguided"]), 0)["fid"]
    pairs = verdicts({pair: (fid[pair[0]], fid[pair[1]]) for pair in combinations(fid, 2)})
    differ = sum(map(abs, pairs.values()))
    told = verdicts({name: (values, unguided) for name, values in fid.items()})
    means = sorted(map(fmean, fid.values()))
    counts = [sum(verdict == sign for verdict in told.values()) for sign in (-1, 1)]
    return {
        "sayTimeThreats": f"Under the {len(fid)} threat models and numbers of steps the mean FID is between {means[0]:.2f} and "
        f"{means[-1]:.2f}; of their {len(pairs)} pairs, {differ or 'none'} can be told apart. Against the same model unguided "
        f"({fmean(unguided):.2f}), {counts[0] or 'none'} can be told to be lower and {counts[1] or 'none'} higher."
    }


def numbers(inputs, params):
    return {
        **numbers_settings(params),
        **numbers_time_dependent(Samples(inputs, params), params),
        **numbers_iterations(inputs, params),
        **numbers_threats(inputs, params),
    }
