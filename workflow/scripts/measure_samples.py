from job import job

with job(snakemake) as work:
    from energyguide.files.arrays import load_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.quality import Reference
    from energyguide.metrics.samples import Evaluation, measure_shards
    from energyguide.nets.device import pick_device

    p, files, device = snakemake.params, snakemake.input, pick_device(snakemake.params.threads)
    energies, reference = load_arrays(files.energies)["energy"], Reference.load(files.reference)
    evaluation = Evaluation(reference, files.judge, files.classifier, energies, p.metrics, device)
    protocol = evaluation.protocol(p.samples, p.sets - 1)
    for result in work.results():
        evaluations, found = measure_shards(evaluation, result.params.files, p.samples)
        scales = {result.params.at: found}
        write_json(result.output.json, {"evaluations": evaluations, "protocol": protocol, "scales": scales})
