from job import job

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import load_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.samples import Evaluation, measure_reference
    from energyguide.nets.device import pick_device

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    dataset = Dataset.load(snakemake.input.data)
    reference = measure_reference(dataset, snakemake.input.judge, p.metrics, device)
    energies = load_arrays(snakemake.input.energies)["energy"]
    evaluation = Evaluation(reference, snakemake.input.judge, snakemake.input.classifier, energies, p.metrics, device)
    split = "test" if p.metrics["reference"] == "train" else "train"
    shuffled = torch.randperm(len(dataset.labels[split]), generator=torch.Generator().manual_seed(p.seed))
    sets = [s for s in shuffled.split(p.samples) if len(s) == p.samples][: p.sets - 1] or [shuffled]
    images, labels = torch.from_numpy(dataset.images[split]), torch.from_numpy(dataset.labels[split])
    floor = evaluation.of([images[s] for s in sets], [labels[s] for s in sets])
    reference.save(snakemake.output.reference, metrics=p.metrics)
    write_json(snakemake.output.floor, {"images": split, "protocol": evaluation.protocol(len(sets[0]), len(sets)), **floor})
