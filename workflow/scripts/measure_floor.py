from job import job

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.metrics.samples import Judgement
    from energyguide.storage import load_arrays, write_json

    p = snakemake.params
    dataset = Dataset.load(snakemake.input.data)
    energies = load_arrays(snakemake.input.energies)["energy"]
    judgement = Judgement(dataset, snakemake.input.judge, snakemake.input.classifier, energies, p.metrics, device())
    split = "test" if p.metrics["reference"] == "train" else "train"
    shuffled = torch.randperm(len(dataset.labels[split]), generator=torch.Generator().manual_seed(p.seed))
    sets = [s for s in shuffled.split(p.samples) if len(s) == p.samples][: p.seeds] or [shuffled]
    images, labels = torch.from_numpy(dataset.images[split]), torch.from_numpy(dataset.labels[split])
    result = judgement.of([images[s] for s in sets], [labels[s] for s in sets])
    write_json(snakemake.output.json, {"images": split, "protocol": judgement.protocol(len(sets[0]), len(sets)), **result})
