from job import job

with job(snakemake) as work:
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.data.noise import fold
    from energyguide.diffusion.schedule import schedule_of
    from energyguide.nets.ddgan import Adversaries, Discriminator, generator_weights
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import build, save
    from energyguide.training.ddgan import AdversarialObjective
    from energyguide.training.loop import train

    device = pick_device(snakemake.params.threads)
    images = Dataset.load(snakemake.input.data).tensors("train", device)
    for result in work.results():
        p, name, store = result.params, result.name, work.store(result)
        seed = fold(p.seed, "adversarial", name)
        torch.manual_seed(seed)
        model = Adversaries(build(*p.network), Discriminator(**p.discriminator))
        schedule = schedule_of(p.process, p.levels)
        objective = AdversarialObjective(model, schedule, p.kind, p.r1, device, p.augment, p.acceleration)
        weights, history = train(objective, p.training, *images, seed, store, name)
        settings = {"kind": p.kind, "steps": p.steps, "training": p.training, "augment": p.augment, "process": p.process}
        save(result.output.weights, generator_weights(weights), *p.network, history=history, **settings, seed=seed)
        store.finish()
