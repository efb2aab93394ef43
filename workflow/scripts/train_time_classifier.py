from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.loop import train
    from energyguide.training.time_classifier import TimeClassifierObjective

    p, device, name = snakemake.params, pick_device(snakemake.params.threads), snakemake.wildcards.classifier
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "classifier", name)
    torch.manual_seed(seed)
    schedule = linear_schedule(**p.process)
    objective = TimeClassifierObjective(build(*p.network), schedule, p.attack, p.augment, device, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", device), seed, store, name)
    info = {"attack": p.attack, "training": p.training, "augment": p.augment, "process": p.process, "seed": seed}
    save(snakemake.output.weights, weights, *p.network, history=history, **info)
    store.finish()
