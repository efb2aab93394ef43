# What several rules need to know: where things are, and which scales and samples one job takes.

import errno
import re
from itertools import groupby

NOTHING = "(?!)"
R = f"results/{experiment.name}"
if blocked := [str(path) for path in (Path("results"), Path(R)) if path.is_file()]:
    sys.exit(reason(FileExistsError(errno.EEXIST, "", blocked[0])))  # of which Snakemake says it less briefly
PUBLISHED = "paper/published.csv"
PROCESS = experiment.process.dump()
ACCELERATION = experiment.acceleration.dump()
SHAPE = experiment.data.shape
LABELS = experiment.data.labels  # how classes are printed, where not by their names
NETWORKS = experiment.networks
TRAINED = {*NETWORKS} - {*experiment.weights}
VARIANTS = experiment.variants
SAMPLED = experiment.sampled
ORIGINS = experiment.origins
CLASSIFIERS = [name for name, network in NETWORKS.items() if network.kind.endswith("classifier")]
IMAGE_CLASSIFIERS = list(experiment.classifiers.radii)
UNGUIDED = [name for name, variant in VARIANTS.items() if not variant.guided]
GENERATORS = [name for name in SAMPLED if name not in VARIANTS and name in NETWORKS]
SIGMOIDS = []
for variant in VARIANTS.values():
    if variant.sigmoid and variant.sigmoid.dump() not in SIGMOIDS:
        SIGMOIDS.append(variant.sigmoid.dump())


def any_of(names):
    """A regular expression that matches these names alone; without any, nothing."""
    return "|".join(map(re.escape, sorted(names))) or NOTHING


def trained(kind):
    """The names of the networks of a kind that are trained here, by the rule of that name."""
    return {name for name in TRAINED if NETWORKS[name].kind == kind}


def weights(name):
    """Where the weights of a network are."""
    folder = "classifiers" if name in CLASSIFIERS else "diffusion"
    return f"{R}/{folder}/{name}.safetensors"


def weights_of(*names):
    """The same of several networks."""
    return list(map(weights, names))


def networks_of(*names):
    """The modules of networks, by the names of these."""
    return sorted({NETWORKS[name].module for name in names})


def architectures(*names):
    """The digests of the modules of networks."""
    return named(*networks_of(*names))


def model_of(variant):
    """The name of the model that a variant samples, without that of a snapshot of it."""
    return SAMPLED[variant].model.partition("@")[0]


def denoisers_of(model):
    """The modules that sampling from a model loads by name: its network, and its kind of denoiser."""
    return [NETWORKS[model].module, f"diffusion/denoisers/{NETWORKS[model].kind}"]


def modules_of(variant):
    """The modules that sampling a variant loads by name: the model's, the guidance function, and the classifier."""
    guidance = f"diffusion/guidance/{SAMPLED[variant].guidance}"
    return [*denoisers_of(model_of(variant)), guidance, *networks_of(*filter(None, [SAMPLED[variant].guide]))]


def tested(name):
    """What tests of a classifier of images take of it: the weights, and the radius that it was trained at."""
    return {"files": {"weights": weights(name)}, "eps_train": NETWORKS[name].eps_train}


def energy_statistics(name):
    """Where the energies of a classifier over the training set are."""
    return f"{R}/energy/{name}.json"


def by_classifier(folder):
    """The measurements of all classifiers of images in a folder, in the order of eps-train."""
    return [f"{R}/{folder}/{name}.json" for name in IMAGE_CLASSIFIERS]


def scaled(*variants):
    """Where variants are sampled, each at each of its scales: <variant>/<scale> -> the variant and the scale."""
    return {f"{name}/{scale_name(scale)}": (name, scale) for name in variants for scale in SAMPLED[name].grid}


def process_of(variant):
    """The part of a variant's block that decides its samples: neither how it is called nor its other scales."""
    return SAMPLED[variant].dump(without=("label", "system", "scales", "strengths"))


def sources(variant):
    """The files that a variant is sampled with: a model, and what guides it: a classifier, energies of the training set, a weaker model."""
    variant = SAMPLED[variant]
    files = {"model": weights(variant.model)}
    if variant.guide:
        files["classifier"] = weights(variant.guide)
    if variant.needs_energies:
        files["energy"] = energy_statistics(variant.guide)
    if variant.weaker:
        files["weak"] = weights(variant.weaker)
    return files


def shards(name):
    """The samples of a variant at a scale: all shards, in order."""
    return [f"{R}/samples/{name}/{k}.npz" for k in range(experiment.sampling.shards)]


def first_shards(*variants):
    """The first shard of some variants, at all their scales."""
    return [shards(name)[0] for name in scaled(*variants)]


def at_scales(variant):
    """The measurements of a variant: one file a scale."""
    return [f"{R}/metrics/{name}.json" for name in scaled(variant)]


def metrics_of(*variants):
    """The measurements of some variants, each with its best scale: one file a variant."""
    return [f"{R}/metrics/{name}.json" for name in variants]


def described(*keys, only=VARIANTS):
    """What tables and figures say about variants: these keys of their blocks."""
    return {name: SAMPLED[name].dump(*keys) for name in only}


def described_classifiers(*names):
    """What tables and figures say of classifiers, by name: their `kind` and `eps_train`; of all but the one that evaluates."""
    known = names or [name for name in CLASSIFIERS if name != "judge"]
    return {name: {"kind": NETWORKS[name].kind, "eps_train": NETWORKS[name].eps_train} for name in known}


SCALED = scaled(*SAMPLED)


ADDED = {name: system for system, block in experiment.systems.items() for name in block.variants(experiment)}


def owner(variant):
    """The system, or systems, that a variant belongs to."""
    return ADDED.get(variant) or SAMPLED[variant].system


def system_of(name):
    """The same of a variant at a scale."""
    return owner(SCALED[name][0])


CALIBRATED = {name: strength for name, (variant, strength) in SCALED.items() if SAMPLED[variant].strengths}


def walked(name):
    """What decides a walk of a variant, but for its scale: its files, its block, and the kind of its model."""
    variant, _ = SCALED[name]
    return {
        "files": sources(variant),
        "variant": process_of(variant),
        "kind": NETWORKS[model_of(variant)].kind,
    }


def drawn(name):
    """What decides the samples of a variant at a scale: the scale too, or the file that holds it."""
    found = walked(name)
    if name in CALIBRATED:
        return {**found, "files": {**found["files"], "scale": f"{R}/calibration/{name}.json"}}
    return {**found, "scale": SCALED[name][1]}


def modules_at(*names):
    """The digests of the modules that sampling some variants, each at a scale, loads by name."""
    return named(*{module for name in names for module in modules_of(SCALED[name][0])})


def files_of(function):
    """What results are made from, given their names: the files that `function` says of each."""
    return lambda *names: [file for name in names for file in function(name)["files"].values()]
