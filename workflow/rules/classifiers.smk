rule classifier:
    """A classifier, plain or adversarially trained; "judge" is a plain one that guides nothing and judges samples."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/classifiers/{{classifier}}.safetensors",
        sidecar=f"{R}/classifiers/{{classifier}}.safetensors.json",
    log:
        f"{R}/logs/classifier/{{classifier}}.log",
    wildcard_constraints:
        classifier=any_of({*EPS_TRAIN, "judge"} & TRAINED),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(
            lambda wildcards: training_minutes(
                "classifiers",
                experiment["classifiers"]["attack"]["steps"] if EPS_TRAIN.get(wildcards.classifier) else 0,
            )
        ),
    params:
        **code("train_classifier.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.classifier)),
        eps_train=lambda wildcards: EPS_TRAIN.get(wildcards.classifier, 0),
        attack=experiment["classifiers"]["attack"],
        network=lambda wildcards: derive.network(experiment, wildcards.classifier),
        training=experiment["classifiers"]["training"],
        augment=experiment["classifiers"]["augment"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the classifier {wildcards.classifier}"
    script:
        "../scripts/train_classifier.py"


rule time_classifier:
    """A classifier of x_t and t, vanilla or adversarially trained."""
    input:
        data=rules.data.output.data,
    output:
        weights=f"{R}/classifiers/{{classifier}}.safetensors",
        sidecar=f"{R}/classifiers/{{classifier}}.safetensors.json",
    log:
        f"{R}/logs/classifier/{{classifier}}.log",
    wildcard_constraints:
        classifier=any_of(TIME_CLASSIFIERS.keys() & TRAINED),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(
            lambda wildcards: training_minutes(
                "time_classifiers", TIME_CLASSIFIERS[wildcards.classifier]["steps"]
            )
        ),
    params:
        **code("train_time_classifier.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.classifier)),
        attack=lambda wildcards: TIME_CLASSIFIERS[wildcards.classifier],
        network=lambda wildcards: derive.network(experiment, wildcards.classifier),
        training=experiment["time_classifiers"]["training"],
        augment=experiment["time_classifiers"]["augment"],
        process=experiment["process"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the classifier {wildcards.classifier}"
    script:
        "../scripts/train_time_classifier.py"
