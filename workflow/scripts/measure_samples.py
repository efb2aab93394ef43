from job import job

with job(snakemake):
    from energyguide.files.arrays import load_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.quality import Reference
    from energyguide.metrics.samples import Judgement, measure_shards
    from energyguide.nets.device import device

    p, files, where = snakemake.params, snakemake.input, device(snakemake.params.threads)
    energies, reference = load_arrays(files.energies)["energy"], Reference.load(files.reference)
    judgement = Judgement(reference, files.judge, files.classifier, energies, p.metrics, where)
    evaluations, results = measure_shards(judgement, files.samples, p.samples)
    protocol = judgement.protocol(p.samples, p.seeds)
    write_json(snakemake.output.json, {"evaluations": evaluations, "protocol": protocol, "scales": results})
