from job import job

with job(snakemake) as work:
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.loop import train
    from energyguide.training.vdm import VariationalObjective

    p, device, name = snakemake.params, pick_device(snakemake.params.threads), snakemake.wildcards.model
    dataset, store = Dataset.load(snakemake.input.data), work.store()
    seed = fold(p.seed, "diffusion", name)
    torch.manual_seed(seed)
    objective = VariationalObjective(build(*p.network), p.steps, p.augment, device, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", device), seed, store, name)
    info = {"steps": p.steps, "training": p.training, "augment": p.augment, "seed": seed}
    save(snakemake.output.weights, weights, *p.network, history=history, **info)
    store.finish()
