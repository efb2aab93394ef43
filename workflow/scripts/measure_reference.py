from job import job

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import load_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.samples import Judgement, measure_reference
    from energyguide.nets.device import device

    p, where = snakemake.params, device(snakemake.params.threads)
    dataset = Dataset.load(snakemake.input.data)
    reference = measure_reference(dataset, snakemake.input.judge, p.metrics, where)
    energies = load_arrays(snakemake.input.energies)["energy"]
    judgement = Judgement(reference, snakemake.input.judge, snakemake.input.classifier, energies, p.metrics, where)
    split = "test" if p.metrics["reference"] == "train" else "train"
    shuffled = torch.randperm(len(dataset.labels[split]), generator=torch.Generator().manual_seed(p.seed))
    sets = [s for s in shuffled.split(p.samples) if len(s) == p.samples][: p.seeds] or [shuffled]
    images, labels = torch.from_numpy(dataset.images[split]), torch.from_numpy(dataset.labels[split])
    floor = judgement.of([images[s] for s in sets], [labels[s] for s in sets])
    reference.save(snakemake.output.reference, metrics=p.metrics)
    write_json(snakemake.output.floor, {"images": split, "protocol": judgement.protocol(len(sets[0]), len(sets)), **floor})
