from energyguide.config.systems.ddgan import levels

GANS = experiment.ddgan


rule ddgan:
    """A denoising diffusion GAN: unconditional, from noise to image in few steps."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/ddgan/{{model}}.log",
    wildcard_constraints:
        model=any_of(trained("ddgan")),
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(training_minutes(GANS, attack_steps=1, network=GANS.generator)),
    params:
        **code("train_ddgan.py"),
        **GANS.dump("r1", "training", "augment"),
        named=lambda wildcards: named(NETWORKS[wildcards.model].module),
        kind=lambda wildcards: GANS.models[wildcards.model].kind,
        steps=lambda wildcards: GANS.models[wildcards.model].steps,
        levels=lambda wildcards: levels(GANS.models[wildcards.model].steps),
        network=lambda wildcards: NETWORKS[wildcards.model].build,
        discriminator={**experiment.data.dump("channels", "size"), **GANS.discriminator.dump()},
        process=PROCESS,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "Training the denoising diffusion GAN {wildcards.model}"
    script:
        "../../scripts/train_ddgan.py"


JOBS["ddgan"] = len(trained("ddgan"))

numbers(
    "ddgan",
    {"metrics": metrics_of(*GANS.models)},
    models={name: model.dump() for name, model in GANS.models.items()},
)
