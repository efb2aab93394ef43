rule energy:
    """Energies E(x) and E(x, y) of a classifier over the training set: per image, and per class as statistics."""
    input:
        data=rules.data.output.data,
        weights=rules.classifier.output.weights,
    output:
        json=f"{R}/energy/{{classifier}}.json",
        arrays=f"{R}/energy/{{classifier}}.npz",
        sidecar=f"{R}/energy/{{classifier}}.npz.json",
    log:
        f"{R}/logs/energy/{{classifier}}.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("measure_energy.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.classifier].module),
        eps_train=lambda wildcards: NETWORKS[wildcards.classifier].eps_train,
        threads=experiment.threads,
    message:
        "Energies under the classifier {wildcards.classifier}"
    script:
        "../scripts/measure_energy.py"


RESULTS += by_classifier("energy")
JOBS["energy"] = len(IMAGE_CLASSIFIERS)
