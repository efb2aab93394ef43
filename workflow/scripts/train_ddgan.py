from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.diffusion.schedule import schedule_of
    from energyguide.nets.ddgan import Adversaries, Discriminator, generator_weights
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.ddgan import AdversarialObjective
    from energyguide.training.loop import train

    p, device, name = snakemake.params, pick_device(snakemake.params.threads), snakemake.wildcards.model
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "adversarial", name)
    torch.manual_seed(seed)
    model = Adversaries(build(*p.network), Discriminator(**p.discriminator))
    schedule = schedule_of(p.process, p.levels)
    objective = AdversarialObjective(model, schedule, p.kind, p.r1, device, p.augment, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", device), seed, store, name)
    info = {"kind": p.kind, "steps": p.steps, "training": p.training, "augment": p.augment, "process": p.process, "seed": seed}
    save(snakemake.output.weights, generator_weights(weights), *p.network, history=history, **info)
    store.finish()
