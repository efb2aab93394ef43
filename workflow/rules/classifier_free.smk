rule implicit:
    """The classifier that a joint diffusion model implies: its accuracy, and how its gradient agrees with classifiers'."""
    input:
        data=rules.data.output.data,
        model=f"{R}/diffusion/{experiment['implicit']['model']}.safetensors",
        weights=list(map(classifier_weights, experiment["implicit"]["classifiers"])),
    output:
        json=f"{R}/implicit.json",
    log:
        f"{R}/logs/implicit.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("measure_implicit.py"),
        named=named(*networks_of(experiment["implicit"]["model"], *experiment["implicit"]["classifiers"])),
        classifiers=experiment["implicit"]["classifiers"],
        images=experiment["implicit"]["images"],
        timesteps=derive.spread(experiment["implicit"]["levels"], experiment["process"]["steps"]),
        process=experiment["process"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "The implicit classifier of the diffusion model"
    script:
        "../scripts/measure_implicit.py"


rule densities:
    """Guided densities of three Gaussians, in closed form and by the sampler."""
    output:
        arrays=f"{R}/densities.npz",
        sidecar=f"{R}/densities.npz.json",
    log:
        f"{R}/logs/densities.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_cpu(),
    params:
        **code("guided_densities.py"),
        **experiment["densities"],
        process=experiment["process"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "Guided densities of three Gaussians"
    script:
        "../scripts/guided_densities.py"
