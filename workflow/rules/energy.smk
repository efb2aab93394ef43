rule energy:
    """Energies E(x) and E(x, y) of a classifier over the training set: per image, and per class as statistics."""
    input:
        code=code("measure_energy.py"),
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
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        eps_train=lambda wildcards: EPS_TRAIN.get(wildcards.classifier, 0),
        threads=experiment["threads"],
    message:
        "Energies under the classifier {wildcards.classifier}"
    script:
        "../scripts/measure_energy.py"
