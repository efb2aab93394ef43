from job import job

with job(snakemake):
    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import load_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.samples import Evaluation, measure_reference, real_sets
    from energyguide.nets.device import pick_device

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    dataset = Dataset.load(snakemake.input.data)
    reference = measure_reference(dataset, snakemake.input.judge, p.metrics, device, p.seed)
    energies = load_arrays(snakemake.input.energies)["energy"]
    evaluation = Evaluation(reference, snakemake.input.judge, snakemake.input.classifier, energies, p.metrics, device)
    sets, labels, split = real_sets(dataset, p.metrics["reference"], p.samples, p.sets - 1, p.seed)
    floor = evaluation.of(sets, labels)
    reference.save(snakemake.output.reference, metrics=p.metrics)
    write_json(snakemake.output.floor, {"images": split, "protocol": evaluation.protocol(len(sets[0]), len(sets)), **floor})
