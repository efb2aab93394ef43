for pack in packs("calibration", CALIBRATED, system_of):

    rule:
        name:
            pack.job
        input:
            pack.all(files_of(walked)),
        output:
            json=pack.files(f"{R}/calibration/{{name}}.json"),
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
            **code("calibrate.py"),
            named=pack.all(modules_at),
            each=pack.each(lambda name: {**walked(name), "strength": CALIBRATED[name]}),
            samples=experiment.sampling.calibration,
            process=PROCESS,
            shape=SHAPE,
            classes=experiment.data.classes,
            acceleration=ACCELERATION,
            seed=experiment.seed,
            threads=experiment.threads,
        message:
            f"Finding the scale of {pack.title}"
        script:
            "../scripts/calibrate.py"

    describe(pack.job, "The scale at which guidance has a strength.")


for pack in packs("sample", SCALED, system_of):

    rule:
        name:
            pack.job
        input:
            pack.all(files_of(drawn)),
        output:
            arrays=pack.files(f"{R}/samples/{{name}}/{{shard}}.npz"),
            sidecar=pack.files(f"{R}/samples/{{name}}/{{shard}}.npz.json"),
        log:
            pack.log("{shard}"),
        wildcard_constraints:
            name=any_of(pack.names),
            shard=r"\d+",
        conda:
            "../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(pack.total(sampling_minutes), group="samples"),
        params:
            **code("sample.py"),
            named=pack.all(modules_at),
            each=pack.each(drawn),
            shard=lambda wildcards: int(wildcards.shard),
            sampling=experiment.sampling.dump("sets", "samples", "batch", "shards"),
            process=PROCESS,
            shape=SHAPE,
            classes=experiment.data.classes,
            acceleration=ACCELERATION,
            seed=experiment.seed,
            threads=experiment.threads,
            resume=f"{R}/.resume",
        message:
            f"Sampling {pack.title}, shard {{wildcards.shard}}"
        script:
            "../scripts/sample.py"

    describe(pack.job, "Samples of a variant at a scale: one shard of them.")


JOBS["sample"] *= experiment.sampling.shards
