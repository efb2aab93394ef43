rule variational:
    """A variational diffusion model: unconditional, with a noise schedule that is learned."""
    input:
        code=code("train_variational.py"),
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/variational/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/variational/{{model}}.tsv"
    wildcard_constraints:
        model=any_of(TRAINED & {*VDMS}),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(training_minutes("diffusion")),
    params:
        steps=lambda wildcards: experiment["variational"]["models"][wildcards.model]["steps"],
        network=lambda wildcards: derive.network(experiment, wildcards.model)[1],
        training=experiment["diffusion"]["training"],
        augment=experiment["variational"]["augment"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the variational diffusion model {wildcards.model}"
    script:
        "../scripts/train_variational.py"


rule likelihood:
    """The variational bound of a diffusion model on the test images, and how it depends on steps and schedule."""
    input:
        code=code("measure_likelihood.py"),
        data=rules.data.output.data,
        model=lambda wildcards: diffusion_file(wildcards.model),
    output:
        json=f"{R}/likelihood/{{model}}.json",
    log:
        f"{R}/logs/likelihood/{{model}}.log",
    wildcard_constraints:
        model=any_of(experiment["likelihood"]["models"]),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(30),
    params:
        **{key: experiment["likelihood"][key] for key in ("steps", "draws", "shapes")},
        process=experiment["process"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "The likelihood of the test images under {wildcards.model}"
    script:
        "../scripts/measure_likelihood.py"
