rule robustness:
    """Accuracy of a classifier under PGD, over eps-test."""
    input:
        data=rules.data.output.data,
        weights=rules.classifier.output.weights,
    output:
        json=f"{R}/robustness/{{classifier}}.json",
    log:
        f"{R}/logs/robustness/{{classifier}}.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(20),
    params:
        **code("measure_robustness.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.classifier].module),
        eps_train=lambda wildcards: NETWORKS[wildcards.classifier].eps_train,
        norm=experiment.classifiers.attack.norm,
        steps=experiment.robustness.steps,
        eps_test=experiment.robustness.eps_test,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Attacking the classifier {wildcards.classifier}"
    script:
        "../scripts/measure_robustness.py"


rule corruptions:
    """Accuracy of a classifier under Gaussian noise and under darkness."""
    input:
        data=rules.data.output.data,
        weights=rules.classifier.output.weights,
    output:
        json=f"{R}/corruptions/{{classifier}}.json",
    log:
        f"{R}/logs/corruptions/{{classifier}}.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("measure_corruptions.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.classifier].module),
        eps_train=lambda wildcards: NETWORKS[wildcards.classifier].eps_train,
        noise=experiment.robustness.noise,
        darkness=experiment.robustness.darkness,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Noising and darkening for the classifier {wildcards.classifier}"
    script:
        "../scripts/measure_corruptions.py"


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


RESULTS += [*by_classifier("robustness"), *by_classifier("corruptions")]
JOBS |= dict.fromkeys(["robustness", "corruptions"], len(IMAGE_CLASSIFIERS))

table(
    "robustness",
    "robustness",
    "Table: accuracy under PGD, eps-test by eps-train.",
    {"results": by_classifier("robustness"), "published": PUBLISHED},
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
        "corruptions": by_classifier("corruptions"),
        "published": PUBLISHED,
    },
    published=experiment.published,
    classifiers=described_classifiers(),
    energy_classifier=experiment.metrics.classifier,
    steps=experiment.robustness.steps,
    synthesis=experiment.synthesis.dump("eps", "steps"),
)
