rule sample:
    """Samples of a variant at some scales: one shard of them."""
    input:
        unpack(guides),
        model=lambda wildcards: diffusion_file(SAMPLED[wildcards.variant]["model"]),
    output:
        arrays=f"{R}/samples/{{variant}}/{{scales}}/{{shard}}.npz",
        sidecar=f"{R}/samples/{{variant}}/{{scales}}/{{shard}}.npz.json",
    log:
        f"{R}/logs/sample/{{variant}}/{{scales}}/{{shard}}.log",
    wildcard_constraints:
        variant=any_of(SAMPLED),
        scales=r"[0-9._e+-]+",
        shard=r"\d+",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(
            lambda wildcards: sampling_minutes(
                wildcards.variant, pieces(wildcards.variant)[wildcards.scales]
            ),
            group="samples",
        ),
    params:
        **code("sample.py"),
        named=lambda wildcards: named(*modules_of(SAMPLED[wildcards.variant])),
        variant=lambda wildcards: process_of(wildcards.variant),
        kind=lambda wildcards: KINDS[SAMPLED[wildcards.variant]["model"].partition("@")[0]],
        scales=lambda wildcards: pieces(wildcards.variant)[wildcards.scales],
        shard=lambda wildcards: int(wildcards.shard),
        sampling={key: experiment["sampling"][key] for key in ("seeds", "samples", "batch", "shards")},
        process=experiment["process"],
        shape=SHAPE,
        classes=experiment["data"]["classes"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Sampling {wildcards.variant}, scales {wildcards.scales}, shard {wildcards.shard}"
    script:
        "../scripts/sample.py"


rule trajectories:
    """Energies, shifts and frames along the sampling trajectory of every variant, at its best scale or that of `time_guidance`."""
    input:
        data=rules.data.output.data,
        models=diffusion_weights(),
        classifiers=list(map(classifier_weights, GUIDED_BY)),
        energies=[energy_statistics(name) for name in EPS_TRAIN],
        observer=classifier_weights(experiment["energy"]["classifier"]),
        metrics=metrics_of(*VARIANTS),
    output:
        json=f"{R}/trajectories.json",
        arrays=f"{R}/trajectories.npz",
        sidecar=f"{R}/trajectories.npz.json",
    log:
        f"{R}/logs/trajectories.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(30),
    params:
        **code("trajectories.py"),
        named=named(
            *{module for spec in VARIANTS.values() for module in modules_of(spec)},
            *networks_of(experiment["energy"]["classifier"]),
        ),
        variants={name: process_of(name) for name in VARIANTS},
        scales={name: experiment["time_guidance"]["scale"] for name in TIME_GUIDED},
        model_names=list(experiment["diffusion"]["models"]),
        kinds={name: KINDS[name] for name in experiment["diffusion"]["models"]},
        classifier_names=GUIDED_BY,
        energy_names=list(EPS_TRAIN),
        samples=experiment["trajectories"]["samples"],
        frames=experiment["trajectories"]["frames"],
        strip=experiment["trajectories"]["variant"],
        process=experiment["process"],
        shape=SHAPE,
        classes=experiment["data"]["classes"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "Following the sampling trajectories"
    script:
        "../scripts/trajectories.py"
