for pack in packs("energy", IMAGE_CLASSIFIERS):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
            weights=pack.all(weights_of),
        output:
            json=pack.files(f"{R}/energy/{{name}}.json"),
            arrays=pack.files(f"{R}/energy/{{name}}.npz"),
            sidecar=pack.files(f"{R}/energy/{{name}}.npz.json"),
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
            **code("measure_energy.py"),
            named=pack.all(architectures),
            each=pack.each(tested),
            threads=experiment.threads,
        message:
            f"Energies under classifiers: {pack.title}"
        script:
            "../scripts/measure_energy.py"

    describe(
        pack.job,
        "Energies E(x) and E(x, y) of a classifier over the training set: per image, and per class as statistics.",
    )


RESULTS += by_classifier("energy")
