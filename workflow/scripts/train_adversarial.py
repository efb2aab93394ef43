from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.config.derive import leaps
    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.nets.ddgan import Adversaries, Discriminator, Generator, generator_weights
    from energyguide.nets.files import save
    from energyguide.schedule import schedule_of
    from energyguide.seeding import fold
    from energyguide.training.adversarial import AdversarialObjective
    from energyguide.training.loop import train

    p, where, name = snakemake.params, device(), snakemake.wildcards.model
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "adversarial", name)
    torch.manual_seed(seed)
    model = Adversaries(Generator(**p.network), Discriminator(**p.discriminator))
    schedule = schedule_of(p.process, leaps(p.steps))
    objective = AdversarialObjective(model, schedule, p.kind, p.r1, where, p.augment, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", where), seed, store, name)
    info = {"kind": p.kind, "steps": p.steps, "training": p.training, "augment": p.augment, "process": p.process, "seed": seed}
    save(snakemake.output.weights, generator_weights(weights), Generator, p.network, history=history, **info)
    store.finish()
