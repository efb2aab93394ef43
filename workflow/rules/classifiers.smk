for pack in packs("classifier", sorted(trained("classifier"))):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
        output:
            weights=pack.files(f"{R}/classifiers/{{name}}.safetensors"),
            sidecar=pack.files(f"{R}/classifiers/{{name}}.safetensors.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(
                pack.total(
                    lambda name: training_minutes(experiment.classifiers, NETWORKS[name].attack_steps)
                )
            ),
        params:
            **code("train_classifier.py"),
            named=pack.all(architectures),
            each=pack.each(
                lambda name: {
                    "eps_train": NETWORKS[name].eps_train,
                    "network": NETWORKS[name].build,
                    "training": NETWORKS[name].training.dump(),
                    "half": NETWORKS[name].half,
                }
            ),
            attack=experiment.classifiers.attack.dump(),
            augment=experiment.classifiers.augment.dump(),
            acceleration=ACCELERATION,
            seed=experiment.seed,
            threads=experiment.threads,
            resume=f"{R}/.resume",
        message:
            f"Training classifiers: {pack.title}"
        script:
            "../scripts/train_classifier.py"

    describe(
        pack.job,
        'A classifier, plain or adversarially trained; "judge" is the evaluation classifier, trained on half of the images.',
    )
