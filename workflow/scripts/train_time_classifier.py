from job import job

with job(snakemake) as work:
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.loop import train
    from energyguide.training.time_classifier import TimeClassifierObjective

    device, schedule = pick_device(snakemake.params.threads), linear_schedule(**snakemake.params.process)
    images = Dataset.load(snakemake.input.data).tensors("train", device)
    for result in work.results():
        p, name, store = result.params, result.name, work.store(result)
        seed = fold(p.seed, "classifier", name)
        torch.manual_seed(seed)
        objective = TimeClassifierObjective(build(*p.network), schedule, p.attack, p.augment, device, p.acceleration)
        weights, history = train(objective, p.training, *images, seed, store, name)
        info = {"attack": p.attack, "training": p.training, "augment": p.augment, "process": p.process, "seed": seed}
        save(result.output.weights, weights, *p.network, history=history, **info)
        store.finish()
