for pack in packs("robustness", IMAGE_CLASSIFIERS):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
            weights=pack.all(weights_of),
        output:
            json=pack.files(f"{R}/robustness/{{name}}.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(20),
        params:
            **code("measure_robustness.py"),
            named=pack.all(architectures),
            each=pack.each(tested),
            norm=experiment.classifiers.attack.norm,
            steps=experiment.robustness.steps,
            eps_test=experiment.robustness.eps_test,
            acceleration=ACCELERATION,
            seed=experiment.seed,
            threads=experiment.threads,
        message:
            f"Attacking classifiers: {pack.title}"
        script:
            "../scripts/measure_robustness.py"

    describe(pack.job, "Accuracy of a classifier under PGD, over eps-test.")


AUTOATTACK = experiment.robustness.autoattack
AUTOATTACKED = IMAGE_CLASSIFIERS if AUTOATTACK else []

for pack in packs("autoattack", AUTOATTACKED):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
            weights=pack.all(weights_of),
        output:
            json=pack.files(f"{R}/autoattack/{{name}}.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(60),
        params:
            **code("measure_autoattack.py"),
            named=pack.all(architectures),
            each=pack.each(tested),
            norm=experiment.classifiers.attack.norm,
            steps=experiment.robustness.steps,
            eps_test=[eps for eps in experiment.robustness.eps_test if eps],
            spec=AUTOATTACK.dump(),
            seed=experiment.seed,
            threads=experiment.threads,
        message:
            f"Attacking classifiers more strongly: {pack.title}"
        script:
            "../scripts/measure_autoattack.py"

    describe(pack.job, "Accuracy of a classifier under AutoAttack or a part of it, over eps-test.")


for pack in packs("corruptions", IMAGE_CLASSIFIERS):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
            weights=pack.all(weights_of),
        output:
            json=pack.files(f"{R}/corruptions/{{name}}.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(),
        params:
            **code("measure_corruptions.py"),
            named=pack.all(architectures),
            each=pack.each(tested),
            noise=experiment.robustness.noise,
            darkness=experiment.robustness.darkness,
            seed=experiment.seed,
            threads=experiment.threads,
        message:
            f"Noising and darkening for classifiers: {pack.title}"
        script:
            "../scripts/measure_corruptions.py"

    describe(pack.job, "Accuracy of a classifier under Gaussian noise and under darkness.")


rule gradients:
    """Input gradients of plain and robust classifiers at test images."""
    input:
        data=rules.data.output.data,
        weights=weights_of(*experiment.gradients.classifiers),
    output:
        arrays=f"{R}/gradients.npz",
        sidecar=f"{R}/gradients.npz.json",
    log:
        f"{R}/logs/gradients.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("input_gradients.py"),
        named=named(*networks_of(*experiment.gradients.classifiers)),
        classifiers=experiment.gradients.classifiers,
        images=experiment.gradients.images,
        threads=experiment.threads,
    message:
        "Input gradients"
    script:
        "../scripts/input_gradients.py"


rule synthesis:
    """Images from single classifiers: PGD from class-conditional Gaussian seeds."""
    input:
        data=rules.data.output.data,
        weights=weights_of(*experiment.synthesis.classifiers),
    output:
        arrays=f"{R}/synthesis.npz",
        sidecar=f"{R}/synthesis.npz.json",
    log:
        f"{R}/logs/synthesis.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("synthesise.py"),
        **experiment.synthesis.dump(),
        named=named(*networks_of(*experiment.synthesis.classifiers)),
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Images from single classifiers"
    script:
        "../scripts/synthesise.py"


STRONGER = by_classifier("autoattack") if AUTOATTACK else []
RESULTS += [*by_classifier("robustness"), *STRONGER, *by_classifier("corruptions")]

table(
    "robustness",
    "robustness",
    "Table: accuracy under PGD and stronger attacks, eps-test by eps-train.",
    {"results": by_classifier("robustness"), "stronger": STRONGER, "published": PUBLISHED},
    published=experiment.published,
)
figure(
    "robustness",
    "corruptions",
    "Figure: accuracy under Gaussian noise and under reduced brightness.",
    {"results": by_classifier("corruptions")},
)
figure(
    "robustness",
    "gradients",
    "Figure: input gradients of plain and robust classifiers.",
    {"arrays": rules.gradients.output.arrays, "data": rules.data.output.sidecar},
    labels=LABELS,
    classifiers=described_classifiers(*experiment.gradients.classifiers),
)
figure(
    "robustness",
    "synthesis",
    "Figure: images from single classifiers.",
    {"arrays": rules.synthesis.output.arrays, "data": rules.data.output.sidecar},
    labels=LABELS,
    classifiers=described_classifiers(*experiment.synthesis.classifiers),
)
numbers(
    "robustness",
    {
        "robustness": by_classifier("robustness"),
        "stronger": STRONGER,
        "corruptions": by_classifier("corruptions"),
        "published": PUBLISHED,
    },
    published=experiment.published,
    classifiers=described_classifiers(),
    energy_classifier=experiment.metrics.classifier,
    steps=experiment.robustness.steps,
    synthesis=experiment.synthesis.dump("eps", "steps"),
)
