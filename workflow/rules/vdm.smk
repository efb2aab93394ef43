rule variational:
    """A variational diffusion model: unconditional, with a noise schedule that is learned."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/variational/{{model}}.log",
    wildcard_constraints:
        model=any_of(TRAINED & {*VDMS}),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(training_minutes("diffusion")),
    params:
        **code("train_vdm.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.model)),
        steps=lambda wildcards: experiment["variational"]["models"][wildcards.model]["steps"],
        network=lambda wildcards: derive.network(experiment, wildcards.model),
        training=experiment["diffusion"]["training"],
        augment=experiment["variational"]["augment"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the variational diffusion model {wildcards.model}"
    script:
        "../scripts/train_vdm.py"


rule likelihood:
    """The variational bound of a diffusion model on the test images, and how it depends on steps and schedule."""
    input:
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
        **code("measure_likelihood.py"),
        **{key: experiment["likelihood"][key] for key in ("steps", "draws", "shapes")},
        named=lambda wildcards: named(*denoisers_of(wildcards.model)),
        kind=lambda wildcards: KINDS[wildcards.model],
        process=experiment["process"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "The likelihood of the test images under {wildcards.model}"
    script:
        "../scripts/measure_likelihood.py"
