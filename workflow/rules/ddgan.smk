GANS = experiment["adversarial"]
POINTS = [f"{R}/points/{steps}.npz" for steps in GANS["points"]["steps"]]


rule adversarial:
    """A denoising diffusion GAN: unconditional, from noise to image in few steps."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/adversarial/{{model}}.log",
    wildcard_constraints:
        model=any_of(TRAINED & GANS["models"].keys()),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(training_minutes("adversarial", attack_steps=1, network="generator")),
    params:
        **code("train_ddgan.py"),
        **{key: GANS[key] for key in ("r1", "training", "augment")},
        named=lambda wildcards: named(derive.module(experiment, wildcards.model)),
        kind=lambda wildcards: GANS["models"][wildcards.model]["kind"],
        steps=lambda wildcards: GANS["models"][wildcards.model]["steps"],
        levels=lambda wildcards: derive.levels(GANS["models"][wildcards.model]["steps"]),
        network=lambda wildcards: derive.network(experiment, wildcards.model),
        discriminator={
            **{key: experiment["data"][key] for key in ("channels", "size")},
            **GANS["discriminator"],
        },
        process=experiment["process"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the denoising diffusion GAN {wildcards.model}"
    script:
        "../scripts/train_ddgan.py"


rule points:
    """A denoising diffusion GAN of 25 Gaussians in the plane: its points, and how many of the Gaussians they cover."""
    output:
        arrays=f"{R}/points/{{steps}}.npz",
        sidecar=f"{R}/points/{{steps}}.npz.json",
    log:
        f"{R}/logs/points/{{steps}}.log",
    wildcard_constraints:
        steps=any_of(map(str, GANS["points"]["steps"])),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("cover_points.py"),
        **{key: GANS["points"][key] for key in ("r1", "latent", "width", "samples", "training")},
        steps=lambda wildcards: int(wildcards.steps),
        levels=lambda wildcards: derive.levels(int(wildcards.steps)),
        process=experiment["process"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "25 Gaussians by a GAN of {wildcards.steps} steps"
    script:
        "../scripts/cover_points.py"


rule stacked:
    """A denoising diffusion GAN of stacked digits: some of its images, and how many of the 1000 kinds it covers."""
    output:
        arrays=f"{R}/stacked.npz",
        sidecar=f"{R}/stacked.npz.json",
    log:
        f"{R}/logs/stacked.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(10),
    params:
        **code("cover_stacked.py"),
        **GANS["stacked"],
        named=named("data/sources/digits"),
        levels=derive.levels(GANS["stacked"]["steps"]),
        process=experiment["process"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Stacked digits by a GAN"
    script:
        "../scripts/cover_stacked.py"
