SNAPSHOTS = {name: model.snapshots for name, model in experiment.diffusion.models.items() if model.snapshots}
FOLLOWED = next(iter(SNAPSHOTS), None)


rule diffusion:
    """A diffusion model: unconditional, class-conditional or joint, by how often the class is dropped."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/diffusion/{{model}}.log",
    wildcard_constraints:
        model=any_of(trained("diffusion") - {FOLLOWED}),
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(training_minutes(experiment.diffusion)),
    params:
        **code("train_diffusion.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.model].module),
        p_uncond=lambda wildcards: experiment.diffusion.models[wildcards.model].p_uncond,
        network=lambda wildcards: NETWORKS[wildcards.model].build,
        training=experiment.diffusion.training.dump(),
        augment=experiment.diffusion.augment.dump(),
        snapshots=lambda wildcards: SNAPSHOTS.get(wildcards.model, []),
        process=PROCESS,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "Training the diffusion model {wildcards.model}"
    script:
        "../scripts/train_diffusion.py"


if FOLLOWED:

    use rule diffusion as diffusion_followed with:
        output:
            weights=f"{R}/diffusion/{{model}}.safetensors",
            sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
            snapshots=[f"{R}/diffusion/{{model}}@{step}.safetensors" for step in SNAPSHOTS[FOLLOWED]],
            snapshot_sidecars=[
                f"{R}/diffusion/{{model}}@{step}.safetensors.json" for step in SNAPSHOTS[FOLLOWED]
            ],
        wildcard_constraints:
            model=any_of(trained("diffusion") & {FOLLOWED}),


JOBS["diffusion"] = len(trained("diffusion"))
