GUIDES = sorted({variant.guide for variant in VARIANTS.values() if variant.guide})
WALKED = [
    *experiment.diffusion.models,
    *sorted({variant.weaker for variant in VARIANTS.values() if variant.weaker}),
]
STRIP = experiment.trajectories.shown(experiment)
FIXED = {}  # the scales of variants that are not followed at their best one
if experiment.time_classifiers:
    compared = experiment.time_classifiers.compared
    FIXED = {name: compared.scale for name in (compared.vanilla, compared.robust)}


rule trajectories:
    """Energies, shifts and frames along the sampling trajectory of every variant, at its best scale or that of `compared`."""
    input:
        data=rules.data.output.data,
        models=weights_of(*WALKED),
        classifiers=weights_of(*GUIDES),
        energies=by_classifier("energy"),
        observer=weights(experiment.metrics.classifier),
        metrics=metrics_of(*VARIANTS),
    output:
        json=f"{R}/trajectories.json",
        arrays=f"{R}/trajectories.npz",
        sidecar=f"{R}/trajectories.npz.json",
    log:
        f"{R}/logs/trajectories.log",
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(30),
    params:
        **code("trajectories.py"),
        named=named(
            *{module for name in VARIANTS for module in modules_of(name)},
            *networks_of(experiment.metrics.classifier),
        ),
        variants={name: process_of(name) for name in VARIANTS},
        scales=FIXED,
        model_names=WALKED,
        kinds={name: NETWORKS[name].kind for name in experiment.diffusion.models},
        classifier_names=GUIDES,
        energy_names=IMAGE_CLASSIFIERS,
        samples=experiment.trajectories.samples,
        frames=experiment.trajectories.frames,
        strip=STRIP,
        process=PROCESS,
        shape=SHAPE,
        classes=experiment.data.classes,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Following the sampling trajectories"
    script:
        "../../scripts/trajectories.py"


SHOWN_CLASSES = [0, experiment.data.classes // 2]

figure(
    "trajectories",
    "trajectory",
    "Figure: energies and shifts along the sampling trajectory.",
    {"trajectories": rules.trajectories.output.json},
    variants=described("label", "unit", "model"),
)
figure(
    "trajectories",
    "strips",
    "Figure: frames of the forward and of the reverse process.",
    {"arrays": rules.trajectories.output.arrays, "data": rules.data.output.sidecar},
    labels=LABELS,
    variant=STRIP,
    shown=SHOWN_CLASSES,
)
if experiment.time_classifiers:
    figure(
        "time_classifiers",
        "time_predictions",
        "Figure: the image predicted along the steps, by the time-dependent classifier that guides.",
        {"arrays": rules.trajectories.output.arrays, "data": rules.data.output.sidecar},
        labels=LABELS,
        variants=described("label", only=[compared.unguided, compared.vanilla, compared.robust]),
        shown=SHOWN_CLASSES,
    )
numbers(
    "trajectories",
    {**SAMPLES_INPUT, "trajectories": rules.trajectories.output.json},
    **SAMPLES,
    strip=STRIP,
    scales=FIXED,
)
