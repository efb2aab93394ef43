"""Data, networks and protocol."""

from energyguide.files import records
from energyguide.files.arrays import read_sidecar
from energyguide.files.atomic import digest, read_json
from energyguide.reporting.layout import Table, escape
from energyguide.reporting.names import latex
from energyguide.reporting.phrases import NORMS, listing
from energyguide.reporting.style import WIDTH, pyplot

KINDS = {
    "diffusion": "diffusion",
    "vdm": "variational diffusion",
    "ddgan": "GAN generator",
    "classifier": "classifier",
    "time_classifier": "time-dependent classifier",
}


def table_networks(inputs, params):
    """The networks: parameters, and of those that were trained here images seen and time."""
    records, body = [], []
    for path in inputs.weights:
        info = read_sidecar(path)
        history = info["history"]
        name = path.rsplit("/", 1)[1].removesuffix(".safetensors")
        kind = KINDS[params.kinds[name]]
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


def table_provenance(inputs, params):
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


def figure_losses(inputs, params):
    """Training loss of the diffusion models that were trained here."""
    figure, axes = pyplot().subplots(figsize=(WIDTH * 0.6, 2.2))
    for path in inputs.weights:
        if curve := read_sidecar(path)["history"].get("losses"):
            axes.plot(*zip(*curve, strict=True), label=path.rsplit("/", 1)[1].removesuffix(".safetensors"))
    axes.set(xlabel="images seen", ylabel="mean squared error of the noise", yscale="log")
    if axes.lines:
        axes.legend()
    else:
        axes.text(0.5, 0.5, "no diffusion model was trained", transform=axes.transAxes, ha="center")
    return figure


POINTS = {"x_t": r"$\mathbf{x}_t$", "x0": r"the predicted $\hat{\mathbf{x}}_0$"}
SPACINGS = {"uniform": "evenly spaced", "quadratic": "quadratically spaced", "trailing": "evenly spaced, trailing"}
VARIANCES = {"small": r"$\tilde{\beta}_t$", "large": r"$\beta_t$"}


def numbers_data(inputs, params):
    counts, spec = read_json(inputs.data)["counts"], params.data
    return {
        "expTitle": latex(params.title),
        "nTrain": f"{counts['train']:,}",
        "nHeldOut": f"{counts['val']:,}",
        "nTest": f"{counts['test']:,}",
        "nClasses": spec["classes"],
        "imageShape": rf"${spec['channels']}\times{spec['size']}\times{spec['size']}$",
        "smallNotice": small_notice(params) if params.small else "",
        "sayReleased": released(params.weights),
    }


def released(weights):
    if not weights:
        return "All of them were trained for it."
    files = listing(rf"{escape(name)} (\texttt{{{spec['sha256'][:12]}}})" for name, spec in weights.items())
    return (
        f"Weights that others released stand, as they were found, for {files}, each with the beginning of its file's SHA-256; "
        "the other networks were trained for it."
    )


def small_notice(params):
    size = params.data["size"]
    return (
        rf"\emph{{This is a small experiment: all numbers were measured on {latex(params.title)} of ${size}\times{size}$ "
        "pixels, with networks and grids cut down to run in minutes without a GPU. It shows that the pipeline works, and "
        "how; claims about full-size networks need a full-size experiment.}"
    )


def numbers_settings(params):
    variants = params.variants.values()
    return {
        "processSteps": params.process["steps"],
        "guidedSampler": guided_samplers(variants),
        "gradientPoint": listing(sorted({POINTS[spec["at"]] for spec in variants if "unit" in spec})),
        "attackNorm": NORMS[params.attack["norm"]],
        "pgdTrainSteps": params.attack["steps"],
        "pgdTrainStop": ", until an image is misclassified" if params.attack.get("stop_when_fooled") else "",
        "epsTrainList": listing(f"{eps:g}" for eps in params.eps_train),
        "energyClassifier": f"{params.energy_radius:g}",
        "pUncond": listing(sorted({m["p_uncond"] for m in params.models.values() if 0 < m["p_uncond"] < 1})),
        "command": f"snakemake --config experiment={params.name}",
        "traced": f"snakemake provenance --config experiment={params.name} of=",
    }


def guided_samplers(variants):
    """How guided variants are sampled: DDPM with 50 evenly spaced steps and the variance ..."""
    said = []
    for spec in variants:
        noise = rf"the variance {VARIANCES[spec['variance']]}" if spec["sampler"] == "ddpm" else rf"$\eta = {spec['eta']:g}$"
        phrase = f"{spec['sampler'].upper()} with {spec['steps']} {SPACINGS[spec['spacing']]} steps and {noise}"
        if "unit" in spec and phrase not in said:
            said.append(phrase)
    return " or ".join(said)


def numbers_protocol(floor, params):
    used = floor["protocol"]
    own = (
        "Features are the penultimate activations of a plain classifier trained independently of those that guide; an FID of "
        "such features can be compared within this paper only, and with no published number."
    )
    inception = (
        "Features are those of torch-fidelity's Inception network, so that numbers can be compared with published ones of the "
        "same protocol."
    )
    return {
        "nSamples": f"{params.sampling['samples']:,}",
        "nSets": params.sampling["sets"] - 1,
        "nCalibration": params.sampling["calibration"],
        "gridStrengths": listing(f"{strength:g}" for strength in params.sampling["strengths"]),
        "floorSets": used["sets"],
        "floorSamples": used["samples"],
        "isSplits": "each set as a whole" if used["is_splits"] == 1 else f"{used['is_splits']} parts of each set",
        "featuresName": used["features"],
        "featuresNote": own if used["features"].startswith("classifier") else inception,
        "referenceName": used["reference"],
    }


def numbers(inputs, params):
    return {
        **numbers_data(inputs, params),
        **numbers_settings(params),
        **numbers_protocol(read_json(inputs.floor), params),
    }
