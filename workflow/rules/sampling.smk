VARIANTS = experiment["variants"]


def pieces(variant):
    """The scales of a variant in pieces as large as one job takes: lists of numbers by their name in file names."""
    scales, size = VARIANTS[variant]["scales"], experiment["sampling"]["scales_per_job"]
    parts = [scales[i : i + size] for i in range(0, len(scales), size)]
    return {"_".join(map(scale_name, part)): part for part in parts}


def process_of(variant):
    """The part of a variant's block that decides its samples: neither how it is called nor its other scales."""
    return {key: value for key, value in VARIANTS[variant].items() if key not in ("label", "scales")}


def guides(wildcards):
    """The files that guide a variant: a classifier, and the energies of the training set where it asks for them."""
    spec, files = VARIANTS[wildcards.variant], {}
    if "classifier" in spec:
        files["classifier"] = classifier_weights(spec["classifier"])
    if "lambda" in spec:
        files["energy"] = energy_statistics(spec["classifier"])
    return files


rule sample:
    """Samples of a variant at some scales: one shard of them."""
    input:
        unpack(guides),
        code=code("sample.py"),
        model=lambda wildcards: f"{R}/diffusion/{VARIANTS[wildcards.variant]['model']}.safetensors",
    output:
        arrays=f"{R}/samples/{{variant}}/{{scales}}/{{shard}}.npz",
        sidecar=f"{R}/samples/{{variant}}/{{scales}}/{{shard}}.npz.json",
    log:
        f"{R}/logs/sample/{{variant}}/{{scales}}/{{shard}}.log",
    benchmark:
        f"{R}/benchmarks/sample/{{variant}}/{{scales}}/{{shard}}.tsv"
    wildcard_constraints:
        variant="|".join(VARIANTS),
        scales=r"[0-9._e+-]+",
        shard=r"\d+",
    threads: experiment["threads"]
    params:
        variant=lambda wildcards: process_of(wildcards.variant),
        scales=lambda wildcards: pieces(wildcards.variant)[wildcards.scales],
        shard=lambda wildcards: int(wildcards.shard),
        sampling={key: experiment["sampling"][key] for key in ("seeds", "samples", "batch", "shards")},
        process=experiment["process"],
        shape=[experiment["data"][key] for key in ("channels", "size", "size")],
        classes=experiment["data"]["classes"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    script:
        "../scripts/sample.py"


def shards(variant, scales):
    """The samples of a variant at some scales: all shards, in order."""
    return [f"{R}/samples/{variant}/{scales}/{k}.npz" for k in range(experiment["sampling"]["shards"])]


def metrics_of(variant):
    """The measurements of a variant: one file for each piece of its scales."""
    return [f"{R}/metrics/{variant}/{scales}.json" for scales in pieces(variant)]


def all_metrics():
    return [path for variant in VARIANTS for path in metrics_of(variant)]


rule trajectories:
    """Energies, shifts and frames along the sampling trajectory of every variant, at its best scale."""
    input:
        code=code("trajectories.py"),
        data=rules.data.output.data,
        models=[f"{R}/diffusion/{model}.safetensors" for model in experiment["diffusion"]["models"]],
        classifiers=[classifier_weights(name) for name in EPS_TRAIN],
        energies=[energy_statistics(name) for name in EPS_TRAIN],
        observer=classifier_weights(experiment["energy"]["classifier"]),
        metrics=all_metrics(),
    output:
        json=f"{R}/trajectories.json",
        arrays=f"{R}/trajectories.npz",
        sidecar=f"{R}/trajectories.npz.json",
    log:
        f"{R}/logs/trajectories.log",
    threads: experiment["threads"]
    params:
        variants={name: process_of(name) for name in VARIANTS},
        model_names=list(experiment["diffusion"]["models"]),
        classifier_names=list(EPS_TRAIN),
        samples=experiment["trajectories"]["samples"],
        frames=experiment["trajectories"]["frames"],
        strip=experiment["trajectories"]["variant"],
        process=experiment["process"],
        shape=[experiment["data"][key] for key in ("channels", "size", "size")],
        classes=experiment["data"]["classes"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    script:
        "../scripts/trajectories.py"
