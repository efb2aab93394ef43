from job import job

with job(snakemake) as work:
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.data.splits import half
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.classifier import ClassifierObjective
    from energyguide.training.loop import train

    device, dataset = pick_device(snakemake.params.threads), Dataset.load(snakemake.input.data)
    images, held_out = dataset.tensors("train", device), dataset.tensors("val", device)
    for result in work.results():
        p, name, store = result.params, result.name, work.store(result)
        seed = fold(p.seed, "classifier", name)
        torch.manual_seed(seed)
        objective = ClassifierObjective(build(*p.network), p.eps_train, p.attack, p.augment, held_out, device, p.acceleration)
        seen = half(dataset.labels["train"], p.seed) if p.half else slice(None)
        weights, history = train(objective, p.training, *(part[seen] for part in images), seed, store, name)
        info = {"eps_train": p.eps_train, "attack": p.attack, "training": p.training, "augment": p.augment, "seed": seed}
        save(result.output.weights, weights, *p.network, history=history, **info)
        store.finish()
