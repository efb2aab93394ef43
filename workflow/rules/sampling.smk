for pack in packs("sample", SCALED, system_of):

    rule:
        name:
            pack.job
        input:
            pack.all(lambda *names: [file for name in names for file in sources(SCALED[name][0]).values()]),
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
            named=pack.all(
                lambda *names: named(*{module for name in names for module in modules_of(SCALED[name][0])})
            ),
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
