from job import job

with job(snakemake) as work:
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.diffusion import DiffusionObjective
    from energyguide.training.loop import train

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    dataset, store = Dataset.load(snakemake.input.data), work.store()
    seed = fold(p.seed, "diffusion", snakemake.wildcards.model)
    torch.manual_seed(seed)
    schedule = linear_schedule(**p.process)
    objective = DiffusionObjective(build(*p.network), schedule, p.p_uncond, p.augment, device, p.acceleration)
    images, labels = dataset.tensors("train", device)
    weights, history = train(objective, p.training, images, labels, seed, store, snakemake.wildcards.model, p.snapshots)
    info = {"p_uncond": p.p_uncond, "training": p.training, "augment": p.augment, "process": p.process, "seed": seed}
    save(snakemake.output.weights, weights, *p.network, history=history, **info)
    for step, path in zip(p.snapshots, snakemake.output.get("snapshots", []), strict=True):
        save(path, store.retrieve(step), *p.network, step=step, **info)
    store.finish()
