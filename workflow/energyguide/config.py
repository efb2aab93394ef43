"""The configuration: an experiment merged over the defaults, checked against the schema and against itself."""

import json
from pathlib import Path

import jsonschema

SCHEMA = Path(__file__).parents[1] / "schemas" / "config.schema.json"
FIXED = {  # what is known of a source beforehand
    "digits": {"channels": 1, "size": 8, "classes": 10},
    "cifar10": {"channels": 3, "size": 32, "classes": 10},
}


class ConfigError(Exception):
    """One line that names the key, what is wrong with it, and what would be right."""


def merge(base, over):
    """`over` laid upon `base`, mapping by mapping; a null removes the key."""
    merged = {**base}
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = merge(base[key], value)
        elif value is None and isinstance(base.get(key), dict):
            del merged[key]
        else:
            merged[key] = value
    return merged


def resolve(config):
    """The experiment that `config["experiment"]` names, complete and checked.

    Raises ConfigError.
    """
    schema = json.loads(SCHEMA.read_text())
    check(config, schema, "")
    name, known = config["experiment"], config["experiments"]
    if name not in known:
        raise ConfigError(f"experiment: {name!r} is not one of {', '.join(known)}; choose one, or add it under `experiments`")
    experiment = merge(config.get("defaults", {}), known[name])
    check(experiment, {"$ref": "#/$defs/experiment", "$defs": schema["$defs"]}, f"experiments.{name}")
    experiment["variants"] = {k: merge(experiment["sampling"]["process"], v) for k, v in experiment["variants"].items()}
    cross_check(experiment, f"experiments.{name}")
    return {"name": name, **experiment}


def check(value, schema, where):
    """Raises ConfigError for the first thing in `value` that the schema does not allow."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error:
        key = ".".join([*filter(None, [where]), *map(str, error.absolute_path)]) or "configuration"
        about = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
        raise ConfigError(f"{key}: {error.message}" + (f" ({about})" if about else ""))


def classifier_name(eps_train):
    """The name of the classifier trained at this radius."""
    return f"eps{eps_train:g}"


def scale_name(scale):
    """How a scale is written in file names and tables."""
    return f"{scale:g}"


def classifier_names(experiment):
    return [classifier_name(e) for e in experiment["classifiers"]["eps_train"]]


def cross_check(experiment, where):
    """What a schema cannot say. Raises ConfigError."""
    classifiers, models = classifier_names(experiment), experiment["diffusion"]["models"]
    steps = experiment["process"]["steps"]

    def need(condition, key, message):
        if not condition:
            raise ConfigError(f"{where}.{key}: {message}")

    def trained(name, key):
        need(
            name in classifiers,
            key,
            f"classifier {name!r} is not trained; `classifiers.eps_train` gives {', '.join(classifiers)}",
        )

    need(len(set(classifiers)) == len(classifiers), "classifiers.eps_train", "a radius is listed twice")
    process = experiment["process"]
    need(process["beta_start"] < process["beta_end"], "process.beta_end", "must be larger than `beta_start`")
    trained(experiment["energy"]["classifier"], "energy.classifier")
    for name in experiment["synthesis"]["classifiers"] + experiment["gradients"]["classifiers"]:
        trained(name, "synthesis.classifiers" if name in experiment["synthesis"]["classifiers"] else "gradients.classifiers")
    for network in ("diffusion", "classifiers"):
        training = experiment[network]["training"]
        need(training["warmup"] < training["steps"], f"{network}.training.warmup", "must be less than `steps`")
        need(training["lr_end"] <= training["lr"], f"{network}.training.lr_end", "must not be larger than `lr`")

    unet, data = experiment["diffusion"]["network"], experiment["data"]
    need(data["source"] == "digits" or "path" in data, "data.path", f"source {data['source']!r} needs a folder")
    for key, value in FIXED.get(data["source"], {}).items():
        need(data[key] == value, f"data.{key}", f"{data[key]} does not fit: {data['source']} has {value}")
    folder = Path(data.get("path", "")) / "train"
    if data["source"] == "imagefolder" and folder.is_dir():
        found = sum(entry.is_dir() for entry in folder.iterdir())
        need(found == data["classes"], "data.classes", f"{data['classes']} does not fit: {folder} holds {found} folders")
    halvings = len(unet["multipliers"]) - 1
    need(
        data["size"] % 2**halvings == 0,
        "diffusion.network.multipliers",
        f"{halvings} halvings do not divide {data['size']} pixels",
    )
    levels = [data["size"] >> i for i in range(halvings + 1)]
    odd = set(unet["attention"]) - set(levels)
    need(
        not odd, "diffusion.network.attention", f"there is no level of {', '.join(map(str, odd))} pixels; the levels are {levels}"
    )
    need(unet["width"] % 4 == 0, "diffusion.network.width", "must be a multiple of 4")

    sampling = experiment["sampling"]
    batches = -(-sampling["seeds"] * sampling["samples"] // sampling["batch"])
    need(sampling["shards"] <= batches, "sampling.shards", f"there are only {batches} batches to share out; lower it, or `batch`")
    need(
        experiment["trajectories"]["samples"] <= sampling["samples"], "trajectories.samples", "must not exceed `sampling.samples`"
    )
    need(experiment["trajectories"]["variant"] in experiment["variants"], "trajectories.variant", "is not one of `variants`")

    for name, variant in experiment["variants"].items():
        key = f"variants.{name}"
        need(variant["model"] in models, f"{key}.model", f"{variant['model']!r} is not trained; there are {', '.join(models)}")
        need(variant["steps"] <= steps, f"{key}.steps", f"the process has only {steps} timesteps (`process.steps`)")
        scales = [scale_name(s) for s in variant["scales"]]
        need(len(set(scales)) == len(scales), f"{key}.scales", "a scale is listed twice")
        if "classifier" in variant:
            trained(variant["classifier"], f"{key}.classifier")
            need("unit" in variant, f"{key}.unit", "a variant with a classifier needs the unit of its scale")
        if "unit" in variant:
            need("classifier" in variant, f"{key}.classifier", "a variant with a unit needs a classifier")
            drift = variant["unit"] in ("sigma", "sigma2")
            silent = drift and variant["sampler"] == "ddim" and variant["eta"] == 0
            need(not silent, f"{key}.unit", "sigma is 0 in DDIM with eta 0, so nothing would be guided; use unit `eps`")
            need(variant["unit"] != "sigmoid" or "sigmoid" in variant, f"{key}.sigmoid", "unit `sigmoid` needs y0, k and t0")
