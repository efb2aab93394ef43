from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.nets.files import save
    from energyguide.nets.time_classifier import TimeClassifier
    from energyguide.schedule import linear_schedule
    from energyguide.seeding import fold
    from energyguide.training.loop import train
    from energyguide.training.time_classifier import TimeClassifierObjective

    p, where, name = snakemake.params, device(), snakemake.wildcards.classifier
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "classifier", name)
    torch.manual_seed(seed)
    schedule = linear_schedule(**p.process)
    objective = TimeClassifierObjective(TimeClassifier(**p.network), schedule, p.attack, p.augment, where, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", where), seed, store, name)
    info = {"attack": p.attack, "training": p.training, "augment": p.augment, "process": p.process, "seed": seed}
    save(snakemake.output.weights, weights, TimeClassifier, p.network, history=history, **info)
    store.finish()
