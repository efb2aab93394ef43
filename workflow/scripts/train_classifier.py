from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.nets.device import device
    from energyguide.nets.weights import build, save
    from energyguide.training.classifier import ClassifierObjective
    from energyguide.training.loop import train

    p, where = snakemake.params, device(snakemake.params.threads)
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "classifier", snakemake.wildcards.classifier)
    torch.manual_seed(seed)
    held_out = dataset.tensors("val", where)
    objective = ClassifierObjective(build(*p.network), p.eps_train, p.attack, p.augment, held_out, where, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", where), seed, store, snakemake.wildcards.classifier)
    info = {"eps_train": p.eps_train, "attack": p.attack, "training": p.training, "augment": p.augment, "seed": seed}
    save(snakemake.output.weights, weights, *p.network, history=history, **info)
    store.finish()
