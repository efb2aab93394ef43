from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.nets.files import save
    from energyguide.nets.resnet import CifarResNet
    from energyguide.seeding import fold
    from energyguide.training.classifier import ClassifierObjective
    from energyguide.training.loop import train

    p, where = snakemake.params, device()
    dataset, store = Dataset.load(snakemake.input.data), resume_state(snakemake)
    seed = fold(p.seed, "classifier", snakemake.wildcards.classifier)
    torch.manual_seed(seed)
    held_out = dataset.tensors("val", where)
    objective = ClassifierObjective(CifarResNet(**p.network), p.eps_train, p.attack, p.augment, held_out, where, p.acceleration)
    weights, history = train(objective, p.training, *dataset.tensors("train", where), seed, store, snakemake.wildcards.classifier)
    info = {"eps_train": p.eps_train, "attack": p.attack, "training": p.training, "augment": p.augment, "seed": seed}
    save(snakemake.output.weights, weights, CifarResNet, p.network, history=history, **info)
    store.finish()
