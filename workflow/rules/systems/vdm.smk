rule vdm:
    """A variational diffusion model: unconditional, with a noise schedule that is learned."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/vdm/{{model}}.log",
    wildcard_constraints:
        model=any_of(trained("vdm")),
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(training_minutes(experiment.diffusion)),
    params:
        **code("train_vdm.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.model].module),
        steps=lambda wildcards: experiment.vdm.models[wildcards.model].steps,
        network=lambda wildcards: NETWORKS[wildcards.model].build,
        training=experiment.diffusion.training.dump(),
        augment=experiment.vdm.augment.dump(),
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "Training the variational diffusion model {wildcards.model}"
    script:
        "../../scripts/train_vdm.py"


JOBS["vdm"] = len(trained("vdm"))

numbers(
    "vdm",
    {**SAMPLES_INPUT, "metrics": metrics_of(*VARIANTS, *experiment.vdm.models)},
    **SAMPLES,
    labels={name: model.label for name, model in experiment.vdm.models.items()},
)
