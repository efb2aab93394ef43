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
    threads: experiment["threads"]
    resources:
        **on_gpu(20),
    params:
        **code("measure_robustness.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.classifier)),
        eps_train=lambda wildcards: EPS_TRAIN.get(wildcards.classifier, 0),
        norm=experiment["classifiers"]["attack"]["norm"],
        steps=experiment["robustness"]["steps"],
        eps_test=experiment["robustness"]["eps_test"],
        acceleration=experiment["acceleration"],
        seed=experiment["seed"],
        threads=experiment["threads"],
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
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("measure_corruptions.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.classifier)),
        eps_train=lambda wildcards: EPS_TRAIN.get(wildcards.classifier, 0),
        noise=experiment["robustness"]["noise"],
        darkness=experiment["robustness"]["darkness"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "Noising and darkening for the classifier {wildcards.classifier}"
    script:
        "../scripts/measure_corruptions.py"


rule gradients:
    """Input gradients of plain and robust classifiers at test images."""
    input:
        data=rules.data.output.data,
        weights=list(map(classifier_weights, experiment["gradients"]["classifiers"])),
    output:
        arrays=f"{R}/gradients.npz",
        sidecar=f"{R}/gradients.npz.json",
    log:
        f"{R}/logs/gradients.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("input_gradients.py"),
        named=named(*networks_of(*experiment["gradients"]["classifiers"])),
        classifiers=experiment["gradients"]["classifiers"],
        images=experiment["gradients"]["images"],
        threads=experiment["threads"],
    message:
        "Input gradients"
    script:
        "../scripts/input_gradients.py"


rule synthesis:
    """Images from single classifiers: PGD from class-conditional Gaussian seeds."""
    input:
        data=rules.data.output.data,
        weights=list(map(classifier_weights, experiment["synthesis"]["classifiers"])),
    output:
        arrays=f"{R}/synthesis.npz",
        sidecar=f"{R}/synthesis.npz.json",
    log:
        f"{R}/logs/synthesis.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("synthesise.py"),
        **experiment["synthesis"],
        named=named(*networks_of(*experiment["synthesis"]["classifiers"])),
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "Images from single classifiers"
    script:
        "../scripts/synthesise.py"


rule time_gradients:
    """Gradients of time-dependent classifiers over the timesteps, and where they lead from clean images."""
    input:
        data=rules.data.output.data,
        weights=[classifier_weights(VARIANTS[name]["classifier"]) for name in TIME_GUIDED],
    output:
        arrays=f"{R}/time_gradients.npz",
        sidecar=f"{R}/time_gradients.npz.json",
    log:
        f"{R}/logs/time_gradients.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("time_gradients.py"),
        named=named(*networks_of(*(VARIANTS[name]["classifier"] for name in TIME_GUIDED))),
        names=TIME_GUIDED,
        timesteps=experiment["time_gradients"]["timesteps"],
        eps=experiment["time_gradients"]["eps"],
        steps=experiment["time_gradients"]["steps"],
        process=experiment["process"],
        seed=experiment["seed"],
        threads=experiment["threads"],
    message:
        "Gradients of time-dependent classifiers"
    script:
        "../scripts/time_gradients.py"
