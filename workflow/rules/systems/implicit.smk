COMPARED = experiment.implicit.compared(experiment)


rule implicit:
    """The classifier that a joint diffusion model implies: its accuracy, and how its gradient agrees with classifiers'."""
    input:
        data=rules.data.output.data,
        model=weights(experiment.implicit.model),
        weights=weights_of(*COMPARED),
    output:
        json=f"{R}/implicit.json",
    log:
        f"{R}/logs/implicit.log",
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("measure_implicit.py"),
        named=named(*networks_of(experiment.implicit.model, *COMPARED)),
        classifiers=COMPARED,
        images=experiment.implicit.images,
        timesteps=experiment.implicit.timesteps(experiment),
        process=PROCESS,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "The implicit classifier of the diffusion model"
    script:
        "../../scripts/measure_implicit.py"


figure(
    "implicit",
    "implicit",
    "Figure: the implicit classifier's accuracy, and how its gradient agrees with those of classifiers.",
    {"implicit": rules.implicit.output.json},
    classifiers=described_classifiers(*COMPARED),
)
numbers("implicit", {"implicit": rules.implicit.output.json}, classifiers=described_classifiers(*COMPARED))
