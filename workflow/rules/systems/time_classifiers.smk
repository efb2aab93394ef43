TIME = experiment.time_classifiers
TIME_GUIDED = [TIME.compared.vanilla, TIME.compared.robust]
TIME_COMPARED = [TIME.compared.unguided, *TIME_GUIDED]
TIME_ITERATIONS = TIME.snapshots(experiment)
TIME_THREATS = TIME.robust(experiment)
TIME_GUIDES = [VARIANTS[name].guide for name in TIME_GUIDED]


for pack in packs("time_classifier", sorted(trained("time_classifier"))):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
        output:
            weights=pack.files(f"{R}/classifiers/{{name}}.safetensors"),
            sidecar=pack.files(f"{R}/classifiers/{{name}}.safetensors.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(pack.total(lambda name: training_minutes(TIME, NETWORKS[name].attack_steps))),
        params:
            **code("train_time_classifier.py"),
            named=pack.all(architectures),
            each=pack.each(lambda name: {"attack": TIME.attacks[name], "network": NETWORKS[name].build}),
            training=TIME.training.dump(),
            augment=TIME.augment.dump(),
            process=PROCESS,
            acceleration=ACCELERATION,
            seed=experiment.seed,
            threads=experiment.threads,
            resume=f"{R}/.resume",
        message:
            f"Training time-dependent classifiers: {pack.title}"
        script:
            "../../scripts/train_time_classifier.py"

    describe(pack.job, "A classifier of x_t and t, vanilla or adversarially trained.")


rule time_gradients:
    """Gradients of time-dependent classifiers over the timesteps, and where they lead from clean images."""
    input:
        data=rules.data.output.data,
        weights=weights_of(*TIME_GUIDES),
    output:
        arrays=f"{R}/time_gradients.npz",
        sidecar=f"{R}/time_gradients.npz.json",
    log:
        f"{R}/logs/time_gradients.log",
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("time_gradients.py"),
        **TIME.gradients.dump("timesteps", "eps", "steps"),
        named=named(*networks_of(*TIME_GUIDES)),
        names=TIME_GUIDED,
        process=PROCESS,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Gradients of time-dependent classifiers"
    script:
        "../../scripts/time_gradients.py"


table(
    "time_classifiers",
    "time_quality",
    "Table: unguided, and guided by a vanilla and by a robust time-dependent classifier.",
    {"metrics": metrics_of(*TIME_COMPARED), "published": PUBLISHED},
    published=experiment.published,
    compared=TIME.compared.dump(),
    variants=described("label", "unit", "strengths", only=TIME_COMPARED),
)
table(
    "time_classifiers",
    "time_iterations",
    "Table: FID of the unguided class-conditional model by training iterations.",
    {"metrics": metrics_of(*TIME_ITERATIONS), "published": PUBLISHED},
    published=experiment.published,
    steps=TIME_ITERATIONS,
)
table(
    "time_classifiers",
    "time_threats",
    "Table: FID by the threat model and the attack steps of a time-dependent classifier's training.",
    {"metrics": metrics_of(*TIME_THREATS), "published": PUBLISHED},
    published=experiment.published,
    scale=TIME.compared.scale,
    threats=TIME_THREATS,
)
table(
    "time_classifiers",
    "time_scales",
    "Table: FID by guidance scale, for vanilla and robust time-dependent classifiers.",
    {"metrics": metrics_of(*TIME_COMPARED), "published": PUBLISHED},
    published=experiment.published,
    compared=TIME.compared.dump(),
)
table(
    "time_classifiers",
    "time_precision",
    "Table: precision and recall by guidance scale, for vanilla and robust time-dependent classifiers.",
    {"metrics": metrics_of(*TIME_COMPARED), "published": PUBLISHED},
    published=experiment.published,
    compared=TIME.compared.dump(),
)
figure(
    "time_classifiers",
    "time_pairs",
    "Figure: pairs from the same noise, guided by a vanilla and by a robust time-dependent classifier.",
    {"data": rules.data.output.sidecar, "samples": first_shards(*TIME_COMPARED)},
    labels=LABELS,
    variants=described("label", "unit", "strengths", only=TIME_COMPARED),
    scale=TIME.compared.scale,
)
figure(
    "time_classifiers",
    "time_gradients",
    "Figure: gradients of vanilla and robust time-dependent classifiers over the timesteps.",
    {"arrays": rules.time_gradients.output.arrays, "data": rules.data.output.sidecar},
    labels=LABELS,
    variants=described("label", only=TIME_GUIDED),
    images=TIME.gradients.images,
)
figure(
    "time_classifiers",
    "time_attacks",
    "Figure: where vanilla and robust time-dependent classifiers lead clean images of another class.",
    {"arrays": rules.time_gradients.output.arrays, "data": rules.data.output.sidecar},
    labels=LABELS,
    variants=described("label", only=TIME_GUIDED),
)
numbers(
    "time_classifiers",
    {**SAMPLES_INPUT, "metrics": metrics_of(*{**VARIANTS, **TIME_ITERATIONS, **TIME_THREATS})},
    **SAMPLES,
    compared=TIME.compared.dump(),
    snapshots=TIME_ITERATIONS,
    threats=TIME_THREATS,
    training=TIME.training.dump(),
    gradients=TIME.gradients.dump("eps", "steps"),
)
