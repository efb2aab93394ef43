"""What a schema cannot say: whether the parts of an experiment fit together. All raise ConfigError."""

from pathlib import Path

from energyguide.config.derive import (
    baseline,
    classifiers,
    followed,
    modules,
    network,
    networks,
    scale_name,
    source,
    time_classifiers,
)
from energyguide.data.folders import visible
from energyguide.diffusion.spacing import kept_timesteps

GUIDANCE = modules("diffusion/guidance")


class ConfigError(Exception):
    """One line that names the key, what is wrong with it, and what would be right."""


def cross_check(experiment, where):
    """Check an experiment that its schema allows; `where` is its place in the configuration."""

    def need(condition, key, message):
        if not condition:
            raise ConfigError(f"{where}.{key}: {message}")

    for part in (
        check_data,
        check_networks,
        check_variational,
        check_adversarial,
        check_classifiers,
        check_sampling,
        check_variants,
        check_comparisons,
        check_weights,
    ):
        part(experiment, need)


def one_of(names):
    return f"is not one of {', '.join(names)}"


def check_data(experiment, need):
    data, process = experiment["data"], experiment["process"]
    need(process["beta_start"] < process["beta_end"], "process.beta_end", "must be larger than `beta_start`")
    need(data["source"] == "digits" or "path" in data, "data.path", f"source {data['source']!r} needs a folder")
    for key, value in getattr(source(experiment), "FACTS", {}).items():
        need(data[key] == value, f"data.{key}", f"{data[key]} does not fit: {data['source']} has {value}")
    folder = Path(data.get("path", "")) / "train"
    if data["source"] == "imagefolder" and folder.is_dir():
        found = sum(entry.is_dir() for entry in visible(folder))
        need(found == data["classes"], "data.classes", f"{data['classes']} does not fit: {folder} holds {found} folders")
    grey = data["channels"] == 1 and experiment["metrics"]["features"] == "inception"
    need(not grey, "metrics.features", "Inception needs images of three channels; use `judge`")


def check_networks(experiment, need):
    for block in ("diffusion", "classifiers", "time_classifiers"):
        training = experiment[block]["training"]
        need(training["warmup"] < training["steps"], f"{block}.training.warmup", "must be less than `steps`")
        need(training["lr_end"] <= training["lr"], f"{block}.training.lr_end", "must not be larger than `lr`")
    for block in ("diffusion", "time_classifiers"):
        check_unet(experiment[block]["network"], f"{block}.network", experiment["data"]["size"], need)
        need(experiment[block]["training"]["score_every"] == 0, f"{block}.training.score_every", "must be 0: nothing is scored")
    snapshots, last = experiment["diffusion"]["snapshots"], experiment["diffusion"]["training"]["steps"]
    need(snapshots == sorted(set(snapshots)), "diffusion.snapshots", "must rise")
    need(not snapshots or snapshots[-1] < last, "diffusion.snapshots", f"must come before the last step, {last}")


def check_variational(experiment, need):
    models, spec = experiment["variational"]["models"], experiment["likelihood"]
    low, high = experiment["variational"]["gamma"]
    need(low < high, "variational.gamma", "must rise from the image to the noise")
    unconditional = {name for name, model in experiment["diffusion"]["models"].items() if model["p_uncond"] == 1}
    for name in models:
        taken = name in experiment["diffusion"]["models"] or name in experiment["variants"]
        need(not taken, f"variational.models.{name}", "a diffusion model or a variant has this name; choose another")
    known = sorted({*models, *unconditional})
    for name in spec["models"]:
        need(name in known, "likelihood.models", f"{name!r} {one_of(known)}, which are unconditional")
    need(spec["steps"] == sorted(set(spec["steps"])), "likelihood.steps", "must rise")
    last = experiment["process"]["steps"] - 1
    need(spec["steps"][-1] <= last, "likelihood.steps", f"the process has only {last} steps from one timestep to another")


def check_adversarial(experiment, need):
    gans = experiment["adversarial"]
    taken = {*experiment["diffusion"]["models"], *experiment["variational"]["models"], *experiment["variants"]}
    for name, model in gans["models"].items():
        key = f"adversarial.models.{name}"
        need(name not in taken, key, "another model or a variant has this name; choose another")
        need(
            model["steps"] <= experiment["process"]["steps"], f"{key}.steps", "the process has fewer timesteps (`process.steps`)"
        )
    sizes = {"adversarial": experiment["data"]["size"], "adversarial.stacked": 8}
    for key, block in {"adversarial": gans, "adversarial.stacked": gans["stacked"]}.items():
        for part in ("generator", "discriminator"):
            check_unet(block[part], f"{key}.{part}", sizes[key], need)
    for steps in (*gans["points"]["steps"], gans["stacked"]["steps"]):
        need(steps <= experiment["process"]["steps"], "adversarial", "the process has fewer timesteps (`process.steps`)")
    for key, block in {"": gans, ".points": gans["points"], ".stacked": gans["stacked"]}.items():
        training = block["training"]
        need(training["warmup"] < training["steps"], f"adversarial{key}.training.warmup", "must be less than `steps`")
        need(training["lr_end"] <= training["lr"], f"adversarial{key}.training.lr_end", "must not be larger than `lr`")
        need(training["score_every"] == 0, f"adversarial{key}.training.score_every", "must be 0: nothing is scored")


def check_unet(unet, key, size, need):
    halvings = len(unet["multipliers"]) - 1
    need(size % 2**halvings == 0, f"{key}.multipliers", f"{halvings} halvings do not divide {size} pixels")
    levels = [size >> i for i in range(halvings + 1)]
    odd = set(unet["attention"]) - set(levels)
    need(not odd, f"{key}.attention", f"there is no level of {', '.join(map(str, odd))} pixels; the levels are {levels}")
    need(unet["width"] % 4 == 0, f"{key}.width", "must be a multiple of 4")


def check_classifiers(experiment, need):
    radii = experiment["classifiers"]["eps_train"]
    names = classifiers(experiment)
    need(len(names) == len(radii), "classifiers.eps_train", "a radius is listed twice")
    need(0 in radii, "classifiers.eps_train", "must hold 0: a plain classifier is compared with")
    training = experiment["classifiers"]["training"]
    need(training["score_every"] > 0, "classifiers.training.score_every", "must be positive: the best weights are kept")
    need(training["ema_images"] == 0, "classifiers.training.ema_images", "must be 0: the best weights are kept, not an average")
    of_images = {
        "energy.classifier": [experiment["energy"]["classifier"]],
        "synthesis.classifiers": experiment["synthesis"]["classifiers"],
        "gradients.classifiers": experiment["gradients"]["classifiers"],
    }
    for key, wanted in of_images.items():
        for name in wanted:
            trained(name, names, key, need)
    for name in experiment["implicit"]["classifiers"]:
        trained(name, {**names, **time_classifiers(experiment)}, "implicit.classifiers", need)


def trained(name, names, key, need):
    need(name in names, key, f"classifier {name!r} is not trained; there are {', '.join(names)}")


def check_sampling(experiment, need):
    sampling, followed = experiment["sampling"], experiment["trajectories"]
    total = sampling["seeds"] * sampling["samples"]
    batches = -(-total // sampling["batch"])
    need(sampling["shards"] <= batches, "sampling.shards", f"there are only {batches} batches to share out; lower it, or `batch`")
    need(followed["samples"] <= sampling["samples"], "trajectories.samples", "must not exceed `sampling.samples`")
    enough = followed["samples"] >= experiment["data"]["classes"]
    need(enough, "trajectories.samples", f"must show each of the {experiment['data']['classes']} classes once")
    need(followed["variant"] in experiment["variants"], "trajectories.variant", "is not one of `variants`")
    first = min(total, batches // sampling["shards"] * sampling["batch"])
    need(experiment["survey"]["pairs"] <= first, "survey.pairs", f"the first shard has only {first} samples")
    shown = 2 * experiment["data"]["classes"]
    need(first >= shown, "sampling.shards", f"the first shard has {first} samples, and figures show {shown}; raise `batch`")


def check_variants(experiment, need):
    variants = experiment["variants"]
    for name, variant in variants.items():
        check_variant(variant, f"variants.{name}", experiment, need)
    need(
        baseline(experiment), "variants", "one must be `unguided`, of a model with p_uncond 1, sampled as `sampling.process` says"
    )
    plain = [name for name, model in experiment["diffusion"]["models"].items() if model["p_uncond"] == 1]
    guided = any("classifier" in variant and variant["model"] in plain for variant in variants.values())
    need(guided, "variants", "a classifier must guide an unconditional model in one: the paper is about that")


NEEDS = {  # keys that a guidance function reads from the block of its variant
    "classifier": {"classifier": "whose gradient?"},
    "energy": {"classifier": "whose gradient?"},
    "joint": {"classifier": "whose gradient?", "lambda": "how much does dE(x) weigh?"},
    "free_and_energy": {"classifier": "whose gradient?", "w": "how much classifier-free guidance?"},
}


def check_variant(variant, key, experiment, need):
    models, steps, function = experiment["diffusion"]["models"], experiment["process"]["steps"], variant["guidance"]
    need(function in GUIDANCE, f"{key}.guidance", f"{function!r} {one_of(GUIDANCE)}")
    need(variant["model"] in models, f"{key}.model", f"{variant['model']!r} is not trained; there are {', '.join(models)}")
    need(variant["steps"] <= steps, f"{key}.steps", f"the process has only {steps} timesteps (`process.steps`)")
    if variant["spacing"] == "quadratic":
        try:
            kept_timesteps(steps, variant["steps"], variant["spacing"])
        except ValueError:
            need(False, f"{key}.steps", "so many quadratic steps would use a timestep twice; ask for fewer")
    scales = [scale_name(s) for s in variant["scales"]]
    need(len(set(scales)) == len(scales), f"{key}.scales", "a scale is listed twice")
    if function == "unguided":
        need(scales == ["0"], f"{key}.scales", "an unguided variant has the one scale 0")
        for word in ("unit", "classifier"):
            need(word not in variant, f"{key}.{word}", f"an unguided variant has no {word}")
        return
    need(max(variant["scales"]) > 0, f"{key}.scales", "a guided variant needs a scale above 0")
    need("unit" in variant, f"{key}.unit", "is missing: what does the scale multiply?")
    for word, question in NEEDS.get(function, {}).items():
        need(word in variant, f"{key}.{word}", f"is missing: {question}")
    if function in ("classifier_free", "free_and_energy"):
        need(
            0 < models[variant["model"]]["p_uncond"] < 1, f"{key}.model", "must be a joint model, with `p_uncond` between 0 and 1"
        )
    if function == "classifier_free":
        need(variant["unit"] == "difference", f"{key}.unit", "must be `difference`: that of the two predictions")
    if "classifier" in variant:
        check_guide(variant, key, experiment, need)


def check_guide(variant, key, experiment, need):
    of_images = classifiers(experiment)
    trained(variant["classifier"], {**of_images, **time_classifiers(experiment)}, f"{key}.classifier", need)
    if "lambda" in variant:
        need(
            variant["classifier"] in of_images, f"{key}.classifier", "dE(x) needs a classifier of images: its energies are known"
        )
    silent = variant["unit"] in ("sigma", "sigma2") and variant["sampler"] == "ddim" and variant["eta"] == 0
    need(not silent, f"{key}.unit", "sigma is 0 in DDIM with eta 0, so nothing would be guided; use unit `eps`")
    need(variant["unit"] != "difference", f"{key}.unit", "`difference` is the unit of classifier-free guidance alone")
    need(variant["unit"] != "sigmoid" or "sigmoid" in variant, f"{key}.sigmoid", "unit `sigmoid` needs y0, k and t0")


def check_comparisons(experiment, need):
    """The variants that one table or figure sets side by side: they share the model and the noise."""
    variants, steps = experiment["variants"], experiment["process"]["steps"]
    time, free = experiment["time_guidance"], experiment["classifier_free"]

    def same_walk(unguided, guided, key):
        for name in (unguided, guided):
            need(name in variants, key, f"{name!r} {one_of(variants)}")
        a, b = variants[unguided], variants[guided]
        need(a["guidance"] == "unguided", key, f"{unguided!r} must be an unguided variant")
        for word in ("model", *experiment["sampling"]["process"]):
            need(a[word] == b[word], key, f"{unguided!r} and {guided!r} must have the same {word}")

    for kind in ("vanilla", "robust"):
        key = f"time_guidance.{kind}"
        same_walk(time["unguided"], time[kind], key)
        used = variants[time[kind]].get("classifier", "")
        need(used.startswith("time-"), key, "must be guided by a time-dependent classifier")
        need((used == "time-vanilla") == (kind == "vanilla"), key, f"{used!r} is not a {kind} one")
        for word, value in {"guidance": "classifier", "unit": "sigma2"}.items():
            need(variants[time[kind]][word] == value, key, f"must have {word} `{value}` (Dhariwal and Nichol)")
    for name in (time["robust"], time["vanilla"]):
        known = variants[name]["scales"]
        need(time["scale"] in known, "time_guidance.scale", f"{time['scale']} is not one of the scales of {name!r}, {known}")

    given = experiment["diffusion"]["models"][variants[time["unguided"]]["model"]]["p_uncond"]
    need(given == 0, "time_guidance.unguided", "must be of a class-conditional model, with `p_uncond` 0")

    same_walk(free["unguided"], free["variant"], "classifier_free.variant")
    used = variants[free["variant"]]["guidance"]
    need(used == "classifier_free", "classifier_free.variant", "must be guided by `classifier_free`")
    for w in free["shown"]:
        need(w in [0, *variants[free["variant"]]["scales"]], "classifier_free.shown", f"{w} is neither 0 nor one of its scales")
    last = max(experiment["time_gradients"]["timesteps"])
    need(last < steps, "time_gradients.timesteps", f"{last} is beyond the last timestep, {steps - 1}")
    joint = experiment["diffusion"]["models"].get(experiment["implicit"]["model"], {}).get("p_uncond", 0)
    need(0 < joint < 1, "implicit.model", "must name a joint model, with `p_uncond` between 0 and 1")
    need(experiment["implicit"]["levels"] <= steps, "implicit.levels", f"the process has only {steps} timesteps")
    robust = [name for name in experiment["implicit"]["classifiers"] if name.startswith("time-") and name != "time-vanilla"]
    need(len(robust) <= 1, "implicit.classifiers", "may hold one robust time-dependent classifier")
    need(experiment["densities"]["steps"] <= steps, "densities.steps", f"the process has only {steps} timesteps")


def check_weights(experiment, need):
    known = networks(experiment)
    for name, spec in experiment["weights"].items():
        key = f"weights.{name}"
        need(name in known, key, f"no network has this name; there are {', '.join(known)}")
        architecture, arguments = network(experiment, name)
        fits = {"diffusers": "unet.UNet", "robustness": "resnet.CifarResNet"}.get(spec["format"], architecture)
        held, own = (part.rpartition(".")[2] for part in (fits, architecture))
        need(held == own, f"{key}.format", f"{spec['format']!r} holds a {held}, and this network is a {own}")
        groups = spec["format"] != "diffusers" or arguments["width"] % 128 == 0
        need(
            groups,
            f"{key}.format",
            "diffusers normalises in 32 groups, which `diffusion.network` has if its width is a multiple of 128",
        )
        need(
            "mean" not in spec or architecture == "resnet.CifarResNet",
            f"{key}.mean",
            "only classifiers of images normalise by it",
        )
    if followed(experiment) in experiment["weights"]:
        key = f"weights.{followed(experiment)}"
        need(not experiment["diffusion"]["snapshots"], "diffusion.snapshots", f"must be [], as nothing is trained: see `{key}`")
        need(
            "steps" in experiment["weights"][followed(experiment)],
            f"{key}.steps",
            "is missing: for how many steps was it trained?",
        )
