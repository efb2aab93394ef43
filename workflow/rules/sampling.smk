rule sample:
    """Samples of a variant at some scales: one shard of them."""
    input:
        unpack(guides),
        model=lambda wildcards: f"{R}/diffusion/{SAMPLED[wildcards.variant].model}.safetensors",
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
    threads: experiment.threads
    resources:
        **on_gpu(
            lambda wildcards: sampling_minutes(
                wildcards.variant, pieces(wildcards.variant)[wildcards.scales]
            ),
            group="samples",
        ),
    params:
        **code("sample.py"),
        named=lambda wildcards: named(*modules_of(wildcards.variant)),
        variant=lambda wildcards: process_of(wildcards.variant),
        kind=lambda wildcards: NETWORKS[model_of(wildcards.variant)].kind,
        scales=lambda wildcards: pieces(wildcards.variant)[wildcards.scales],
        shard=lambda wildcards: int(wildcards.shard),
        sampling=experiment.sampling.dump("seeds", "samples", "batch", "shards"),
        process=PROCESS,
        shape=SHAPE,
        classes=experiment.data.classes,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "Sampling {wildcards.variant}, scales {wildcards.scales}, shard {wildcards.shard}"
    script:
        "../scripts/sample.py"


JOBS["sample"] = sum(map(len, map(pieces, SAMPLED))) * experiment.sampling.shards
