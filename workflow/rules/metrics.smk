METRICS_INPUT = {
    "data": rules.data.output.data,
    "judge": classifier_weights("judge"),
    "classifier": classifier_weights(experiment["energy"]["classifier"]),
    "energies": f"{R}/energy/{experiment['energy']['classifier']}.npz",
}
METRICS_PARAMS = {
    "metrics": experiment["metrics"],
    "samples": experiment["sampling"]["samples"],
    "seeds": experiment["sampling"]["seeds"],
    "threads": experiment["threads"],
}


rule metrics:
    """IS, FID, precision, recall, class accuracy and energy divergence of a variant at some scales."""
    input:
        **METRICS_INPUT,
        code=code("measure_samples.py"),
        samples=lambda wildcards: shards(wildcards.variant, wildcards.scales),
    output:
        json=f"{R}/metrics/{{variant}}/{{scales}}.json",
    log:
        f"{R}/logs/metrics/{{variant}}/{{scales}}.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(memory=16000, group="measurements"),
    params:
        **METRICS_PARAMS,
    message:
        "Measuring the samples of {wildcards.variant}, scales {wildcards.scales}"
    script:
        "../scripts/measure_samples.py"


rule floor:
    """The same measures for real images: what no sampler can be expected to better."""
    input:
        **METRICS_INPUT,
        code=code("measure_floor.py"),
    output:
        json=f"{R}/floor.json",
    log:
        f"{R}/logs/floor.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(memory=16000),
    params:
        **METRICS_PARAMS,
        seed=experiment["seed"],
    message:
        "Measuring real images"
    script:
        "../scripts/measure_floor.py"
