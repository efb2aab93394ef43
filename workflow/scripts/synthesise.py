from job import job

with job(snakemake):
    import torch

    from energyguide.classifiers.attacks import L2
    from energyguide.classifiers.synthesis import class_seeds, synthesise
    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import load

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    dataset = Dataset.load(snakemake.input.data)
    classes = len(dataset.classes)
    seeds = class_seeds(*dataset.tensors("train", device), classes, p.per_class, p.seed)
    y = torch.arange(classes, device=device).repeat_interleave(p.per_class)
    arrays = {"labels": y.cpu().numpy(), "seeds": seeds.cpu().numpy()}
    for name, weights in zip(p.classifiers, snakemake.input.weights, strict=True):
        arrays[name] = synthesise(load(weights, device), seeds, y, L2(p.eps), p.steps).cpu().numpy()
    save_arrays(snakemake.output.arrays, arrays, eps=p.eps, steps=p.steps, seed=p.seed)
