# What several rules need to know: where things are, and which scales and samples one job takes.

import errno
import re

NOTHING = "(?!)"
R = f"results/{experiment['name']}"
if blocked := [str(path) for path in (Path("results"), Path(R)) if path.is_file()]:
    sys.exit(reason(FileExistsError(errno.EEXIST, "", blocked[0])))  # of which Snakemake says it less briefly
PUBLISHED = "paper/published.csv"
VARIANTS = experiment["variants"]
SAMPLED = derive.sampled(experiment)
EPS_TRAIN = derive.classifiers(experiment)
TIME_CLASSIFIERS = derive.time_classifiers(experiment)
TRAINED = {*derive.networks(experiment)} - {*experiment["weights"]}
KINDS = derive.kinds(experiment)
VDMS = list(experiment["variational"]["models"])
SHAPE = [experiment["data"][key] for key in ("channels", "size", "size")]


def any_of(names):
    """A regular expression that matches these names alone; without any, nothing."""
    return "|".join(map(re.escape, sorted(names))) or NOTHING


def classifier_weights(name):
    """Where the weights of a classifier are."""
    return f"{R}/classifiers/{name}.safetensors"


def networks_of(*names):
    """The modules of networks, by the names of these."""
    return sorted({derive.module(experiment, name) for name in names})


def denoisers_of(model):
    """The modules that sampling from a model loads by name: its network, and its kind of denoiser."""
    name = model.partition("@")[0]
    return [derive.module(experiment, name), f"diffusion/denoisers/{KINDS[name]}"]


def modules_of(spec):
    """The modules that sampling a variant loads by name: the model's, the guidance function, and the classifier."""
    guidance = f"diffusion/guidance/{spec['guidance']}"
    return [*denoisers_of(spec["model"]), guidance, *networks_of(*filter(None, [spec.get("classifier")]))]


def energy_statistics(name):
    """Where the energies of a classifier over the training set are."""
    return f"{R}/energy/{name}.json"


def by_classifier(folder):
    """The measurements of all classifiers in a folder, in the order of eps-train."""
    return [f"{R}/{folder}/{name}.json" for name in EPS_TRAIN]


def diffusion_file(name):
    """Where the weights of what makes images are: a diffusion model, variational or not, or a GAN."""
    return f"{R}/diffusion/{name}.safetensors"


def diffusion_weights():
    """Where the weights of all diffusion models are."""
    return list(map(diffusion_file, experiment["diffusion"]["models"]))


def pieces(variant):
    """The scales of a variant in pieces as large as one job takes: lists of numbers by their name in file names."""
    scales, size = SAMPLED[variant]["scales"], experiment["sampling"]["scales_per_job"]
    parts = [scales[i : i + size] for i in range(0, len(scales), size)]
    return {"_".join(map(derive.scale_name, part)): part for part in parts}


def process_of(variant):
    """The part of a variant's block that decides its samples: neither how it is called nor its other scales."""
    return {key: value for key, value in SAMPLED[variant].items() if key not in ("label", "scales")}


def guides(wildcards):
    """The files that guide a variant: a classifier, and the energies of the training set where it asks for them."""
    spec, files = SAMPLED[wildcards.variant], {}
    if "classifier" in spec:
        files["classifier"] = classifier_weights(spec["classifier"])
    if "lambda" in spec:
        files["energy"] = energy_statistics(spec["classifier"])
    return files


def shards(variant, scales):
    """The samples of a variant at some scales: all shards, in order."""
    return [f"{R}/samples/{variant}/{scales}/{k}.npz" for k in range(experiment["sampling"]["shards"])]


def first_shards(*variants):
    """The first shard of some variants, at all their scales."""
    return [shards(variant, scales)[0] for variant in variants for scales in pieces(variant)]


LIKELIHOODS = [f"{R}/likelihood/{model}.json" for model in experiment["likelihood"]["models"]]


def metrics_of(*variants):
    """The measurements of some variants: one file for each piece of their scales."""
    return [f"{R}/metrics/{variant}/{scales}.json" for variant in variants for scales in pieces(variant)]


def described(*keys, only=VARIANTS):
    """What tables and figures say about variants: these keys of their blocks."""
    return {name: {key: SAMPLED[name][key] for key in keys if key in SAMPLED[name]} for name in only}


ORIGINS = derive.origins(experiment)
BASELINE = derive.baseline(experiment)
UNCONDITIONAL = [
    name
    for name, spec in VARIANTS.items()
    if "unit" not in spec and experiment["diffusion"]["models"][spec["model"]]["p_uncond"] == 1
]
UNGUIDED = [name for name, spec in VARIANTS.items() if "unit" not in spec]
GENERATORS = list(derive.generators(experiment))
ENERGY_GUIDED = [name for name, spec in VARIANTS.items() if spec["guidance"] in ("energy", "joint")]
TIME_GUIDED = [experiment["time_guidance"][kind] for kind in ("vanilla", "robust")]
TIME_COMPARED = [experiment["time_guidance"]["unguided"], *TIME_GUIDED]
FREE = experiment["classifier_free"]
GUIDED_BY = sorted({spec["classifier"] for spec in VARIANTS.values() if "classifier" in spec})
SIGMOIDS = []
for spec in VARIANTS.values():
    if "sigmoid" in spec and spec["sigmoid"] not in SIGMOIDS:
        SIGMOIDS.append(spec["sigmoid"])
