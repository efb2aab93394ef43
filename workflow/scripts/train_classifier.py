from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.classifier import ClassifierObjective
    from energyguide.training.loop import train

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "classifier", snakemake.wildcards.classifier)
    torch.manual_seed(seed)
    held_out = dataset.tensors("val", device)
    objective = ClassifierObjective(build(*p.network), p.eps_train, p.attack, p.augment, held_out, device, p.acceleration)
    name = snakemake.wildcards.classifier
    weights, history = train(objective, p.training, *dataset.tensors("train", device), seed, store, name)
    info = {"eps_train": p.eps_train, "attack": p.attack, "training": p.training, "augment": p.augment, "seed": seed}
    save(snakemake.output.weights, weights, *p.network, history=history, **info)
    store.finish()
