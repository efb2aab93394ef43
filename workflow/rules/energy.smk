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
    threads: experiment["threads"]
    resources:
        **on_gpu(),
    params:
        **code("measure_energy.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.classifier)),
        eps_train=lambda wildcards: EPS_TRAIN.get(wildcards.classifier, 0),
        threads=experiment["threads"],
    message:
        "Energies under the classifier {wildcards.classifier}"
    script:
        "../scripts/measure_energy.py"


rule units:
    """The units of guidance over all timesteps of the process, as curves."""
    output:
        json=f"{R}/units.json",
    log:
        f"{R}/logs/units.log",
    conda:
        "../../envs/python.yaml"
    resources:
        **on_cpu(),
    params:
        **code("guidance_units.py"),
        process=experiment["process"],
        sigmoids=SIGMOIDS,
    message:
        "The units of guidance"
    script:
        "../scripts/guidance_units.py"
