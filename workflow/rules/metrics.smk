MEASURED_BY = {
    "judge": weights("judge"),
    "classifier": weights(experiment.metrics.classifier),
    "energies": f"{R}/energy/{experiment.metrics.classifier}.npz",
}


rule reference:
    """Real images: what generated ones are compared with, and the same measures of them, which no sampler can be expected to better."""
    input:
        **MEASURED_BY,
        data=rules.data.output.data,
    output:
        reference=f"{R}/reference.npz",
        sidecar=f"{R}/reference.npz.json",
        floor=f"{R}/floor.json",
    log:
        f"{R}/logs/reference.log",
    conda:
        "../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(10, memory=16000),
    params:
        **code("measure_reference.py"),
        named=named(*networks_of("judge", experiment.metrics.classifier)),
        metrics=experiment.metrics.dump(without=("classifier",)),
        samples=experiment.sampling.samples,
        sets=experiment.sampling.sets,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Measuring real images"
    script:
        "../scripts/measure_reference.py"


rule measured:
    """All measurements in one file, with their protocols, the configuration, versions and machine: to be kept, or compared."""
    input:
        robustness=by_classifier("robustness"),
        stronger=STRONGER,
        classifiers=weights_of(*IMAGE_CLASSIFIERS),
        metrics=metrics_of(*SAMPLED),
        floor=rules.reference.output.floor,
    output:
        json=f"{R}/measured.json",
    log:
        f"{R}/logs/measured.log",
    conda:
        "../../envs/python.yaml"
    params:
        **code("measured.py"),
        variants=list(SAMPLED),
        experiment=experiment.dump(),
        command=f"snakemake measured --config experiment={experiment.name}",
    message:
        "Gathering all measurements"
    script:
        "../scripts/measured.py"


KEPT = f"paper/measured/{experiment.name}.json"  # the measurements of a run that is in the repository
REPRODUCED = [rules.measured.output.json, KEPT]


rule compare:
    """What differs between these results and other ones: those of `--config with=OTHER.json`, or of the repository."""
    input:
        ours=rules.measured.output.json,
        theirs=config.get("with") or KEPT,
    log:
        f"{R}/logs/compare.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    message:
        "Comparing with {input.theirs}"
    script:
        "../scripts/compare_measured.py"


for pack in packs("metrics", SCALED, system_of):

    rule:
        name:
            pack.job
        input:
            **MEASURED_BY,
            reference=rules.reference.output.reference,
            samples=pack.all(lambda *names: [file for name in names for file in shards(name)]),
        output:
            json=pack.files(f"{R}/metrics/{{name}}.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(memory=16000, group="measurements"),
        params:
            **code("measure_samples.py"),
            named=named(*networks_of("judge", experiment.metrics.classifier)),
            each=pack.each(lambda name: {"files": shards(name), "at": scale_name(SCALED[name][1])}),
            metrics=experiment.metrics.dump(without=("classifier",)),
            samples=experiment.sampling.samples,
            sets=experiment.sampling.sets,
            threads=experiment.threads,
        message:
            f"Measuring the samples of {pack.title}"
        script:
            "../scripts/measure_samples.py"

    describe(
        pack.job,
        "IS, FID, precision, recall, class accuracy and energy divergence of a variant at a scale.",
    )


for pack in packs("scales", SAMPLED, owner):

    rule:
        name:
            pack.job
        input:
            pack.all(lambda *names: [file for name in names for file in at_scales(name)]),
        output:
            json=pack.files(f"{R}/metrics/{{name}}.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            **code("choose_scale.py"),
            each=pack.each(lambda name: {"files": at_scales(name)}),
        message:
            f"The best scale of {pack.title}"
        script:
            "../scripts/choose_scale.py"

    describe(pack.job, "The measurements of a variant at all of its scales, and which of these is the best.")


RESULTS += [rules.reference.output.reference, *metrics_of(*SAMPLED)]
JOBS["reference"] = 1
