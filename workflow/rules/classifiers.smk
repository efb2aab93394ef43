rule classifier:
    """A classifier, plain or adversarially trained; "judge" is a plain one that guides nothing and judges samples."""
    input:
        code=code("train_classifier.py"),
        data=rules.data.output.data,
    output:
        weights=f"{R}/classifiers/{{classifier}}.safetensors",
        sidecar=f"{R}/classifiers/{{classifier}}.safetensors.json",
    log:
        f"{R}/logs/classifier/{{classifier}}.log",
    benchmark:
        f"{R}/benchmarks/classifier/{{classifier}}.tsv"
    wildcard_constraints:
        classifier="|".join([*EPS_TRAIN, "judge"]),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    params:
        eps_train=lambda wildcards: EPS_TRAIN.get(wildcards.classifier, 0),
        attack=experiment["classifiers"]["attack"],
        network=experiment["classifiers"]["network"],
        training=experiment["classifiers"]["training"],
        augment=experiment["classifiers"]["augment"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the classifier {wildcards.classifier}"
    script:
        "../scripts/train_classifier.py"
