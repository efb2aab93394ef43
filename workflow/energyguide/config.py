"""The configuration: an experiment merged over the defaults, checked against the schema and against itself."""

import ast
import json
from pathlib import Path

import jsonschema

GUIDANCE = Path(__file__).with_name("guidance.py")
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


def eps_train_of(name):
    """The radius that a classifier of this name was trained at: the inverse of `classifier_name`."""
    return float(name.removeprefix("eps"))


def guidance_names():
    """The functions that guidance.py registers, read from its source: importing it would take torch."""
    functions = [node for node in ast.parse(GUIDANCE.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if any(getattr(d, "id", None) == "guidance" for d in f.decorator_list)]


def baseline(experiment):
    """The variant that guided ones are compared with: the unconditional model, unguided, sampled as they are by default."""
    process = experiment["sampling"]["process"]
    for name, spec in experiment["variants"].items():
        unconditional = experiment["diffusion"]["models"].get(spec["model"], {}).get("p_uncond") == 1
        if spec["guidance"] == "unguided" and unconditional and all(spec[key] == value for key, value in process.items()):
            return name
    return None


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
    need(0 in experiment["classifiers"]["eps_train"], "classifiers.eps_train", "must hold 0: a plain classifier is compared with")
    process = experiment["process"]
    need(process["beta_start"] < process["beta_end"], "process.beta_end", "must be larger than `beta_start`")
    trained(experiment["energy"]["classifier"], "energy.classifier")
    for block in ("synthesis", "gradients"):
        for name in experiment[block]["classifiers"]:
            trained(name, f"{block}.classifiers")
    need(
        experiment["diffusion"]["training"]["score_every"] == 0, "diffusion.training.score_every", "must be 0: nothing is scored"
    )
    keeps_best = experiment["classifiers"]["training"]
    need(keeps_best["score_every"] > 0, "classifiers.training.score_every", "must be positive: the best weights are kept")
    need(keeps_best["ema_images"] == 0, "classifiers.training.ema_images", "must be 0: the best weights are kept, not an average")
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

    grey = data["channels"] == 1 and experiment["metrics"]["features"] == "inception"
    need(not grey, "metrics.features", "Inception needs images of three channels; use `judge`")

    sampling = experiment["sampling"]
    batches = -(-sampling["seeds"] * sampling["samples"] // sampling["batch"])
    need(sampling["shards"] <= batches, "sampling.shards", f"there are only {batches} batches to share out; lower it, or `batch`")
    need(
        experiment["trajectories"]["samples"] <= sampling["samples"], "trajectories.samples", "must not exceed `sampling.samples`"
    )
    enough = experiment["trajectories"]["samples"] >= data["classes"]
    need(enough, "trajectories.samples", f"must show each of the {data['classes']} classes once")
    need(experiment["trajectories"]["variant"] in experiment["variants"], "trajectories.variant", "is not one of `variants`")

    for name, variant in experiment["variants"].items():
        check_variant(variant, f"variants.{name}", need, trained, models, steps)
    need(
        baseline(experiment), "variants", "one must be `unguided`, of a model with p_uncond 1, sampled as `sampling.process` says"
    )
    guided = any(variant["guidance"] != "unguided" for variant in experiment["variants"].values())
    need(guided, "variants", "one must be guided, or there is nothing to compare")


def check_variant(variant, key, need, trained, models, steps):
    """What must hold for one variant; `need(condition, key, message)` and `trained(name, key)` raise ConfigError."""
    names = guidance_names()
    need(variant["guidance"] in names, f"{key}.guidance", f"{variant['guidance']!r} is not one of {', '.join(names)}")
    need(variant["model"] in models, f"{key}.model", f"{variant['model']!r} is not trained; there are {', '.join(models)}")
    need(variant["steps"] <= steps, f"{key}.steps", f"the process has only {steps} timesteps (`process.steps`)")
    if variant["spacing"] == "quadratic":
        kept = {int(0.8 * steps * (i / max(1, variant["steps"] - 1)) ** 2) for i in range(variant["steps"])}
        need(len(kept) == variant["steps"], f"{key}.steps", "so many quadratic steps would use a timestep twice; ask for fewer")
    scales = [scale_name(s) for s in variant["scales"]]
    need(len(set(scales)) == len(scales), f"{key}.scales", "a scale is listed twice")
    if variant["guidance"] == "unguided":
        need(scales == ["0"], f"{key}.scales", "an unguided variant has the one scale 0")
        for word in ("unit", "classifier"):
            need(word not in variant, f"{key}.{word}", f"an unguided variant has no {word}")
    else:
        need(max(variant["scales"]) > 0, f"{key}.scales", "a guided variant needs a scale above 0")
        need("unit" in variant, f"{key}.unit", "is missing: what does the scale multiply?")
    if variant["guidance"] == "joint":
        need("lambda" in variant, f"{key}.lambda", "is missing: how much does dE(x) weigh?")
    if variant["guidance"] == "classifier_free":
        joint = 0 < models[variant["model"]]["p_uncond"] < 1
        need(joint, f"{key}.model", "must be a joint model, with `p_uncond` between 0 and 1")
        need(variant.get("unit") == "difference", f"{key}.unit", "must be `difference`: that of the two predictions")
    by_classifier = variant["guidance"] in ("classifier", "energy", "joint")
    need("classifier" in variant or not by_classifier, f"{key}.classifier", "is missing: whose gradient?")
    if "classifier" in variant:
        trained(variant["classifier"], f"{key}.classifier")
        drift = variant["unit"] in ("sigma", "sigma2")
        silent = drift and variant["sampler"] == "ddim" and variant["eta"] == 0
        need(not silent, f"{key}.unit", "sigma is 0 in DDIM with eta 0, so nothing would be guided; use unit `eps`")
        need(variant["unit"] != "sigmoid" or "sigmoid" in variant, f"{key}.sigmoid", "unit `sigmoid` needs y0, k and t0")
