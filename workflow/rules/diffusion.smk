SNAPSHOTS = experiment["diffusion"]["snapshots"]
FOLLOWED = derive.followed(experiment)


rule diffusion:
    """A diffusion model: unconditional, class-conditional or joint, by how often the class is withheld."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/diffusion/{{model}}.log",
    wildcard_constraints:
        model=any_of(
            model for model in TRAINED if model in experiment["diffusion"]["models"] and model != FOLLOWED
        ),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(training_minutes("diffusion")),
    params:
        **code("train_diffusion.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.model)),
        p_uncond=lambda wildcards: experiment["diffusion"]["models"][wildcards.model]["p_uncond"],
        network=lambda wildcards: derive.network(experiment, wildcards.model),
        training=experiment["diffusion"]["training"],
        augment=experiment["diffusion"]["augment"],
        snapshots=lambda wildcards: SNAPSHOTS if wildcards.model == FOLLOWED else [],
        process=experiment["process"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the diffusion model {wildcards.model}"
    script:
        "../scripts/train_diffusion.py"


use rule diffusion as diffusion_followed with:
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
        snapshots=[f"{R}/diffusion/{{model}}@{step}.safetensors" for step in SNAPSHOTS],
        snapshot_sidecars=[f"{R}/diffusion/{{model}}@{step}.safetensors.json" for step in SNAPSHOTS],
    wildcard_constraints:
        model=any_of({FOLLOWED} & TRAINED),
