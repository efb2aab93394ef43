rule classifier:
    """A classifier, plain or adversarially trained; "judge" is a plain one that guides nothing, and evaluates samples."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/classifiers/{{classifier}}.safetensors",
        sidecar=f"{R}/classifiers/{{classifier}}.safetensors.json",
    log:
        f"{R}/logs/classifier/{{classifier}}.log",
    wildcard_constraints:
        classifier=any_of(trained("classifier")),
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(
            lambda wildcards: training_minutes(
                experiment.classifiers,
                experiment.classifiers.attack.steps if NETWORKS[wildcards.classifier].eps_train else 0,
            )
        ),
    params:
        **code("train_classifier.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.classifier].module),
        eps_train=lambda wildcards: NETWORKS[wildcards.classifier].eps_train,
        attack=experiment.classifiers.attack.dump(),
        network=lambda wildcards: NETWORKS[wildcards.classifier].build,
        training=experiment.classifiers.training.dump(),
        augment=experiment.classifiers.augment.dump(),
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "Training the classifier {wildcards.classifier}"
    script:
        "../scripts/train_classifier.py"


JOBS["classifier"] = len(trained("classifier"))
