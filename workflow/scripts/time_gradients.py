from job import job

with job(snakemake):
    from functools import partial

    import torch

    from energyguide.attacks import L2, pgd
    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.gradients import classifier_gradient
    from energyguide.guidance import load_models
    from energyguide.schedule import linear_schedule
    from energyguide.seeding import fold, normal
    from energyguide.storage import save_arrays

    p, where = snakemake.params, device()
    x, y = Dataset.load(snakemake.input.data).one_of_each("test", where)
    x0 = 2 * x - 1
    schedule = linear_schedule(**p.process)
    noise, targets = normal(fold(p.seed, "forward"), torch.arange(len(y), device=where), 0, x0.shape[1:]), y.roll(1)
    noised = {t: schedule.add_noise(x0, torch.full_like(y, t), noise) for t in p.timesteps}
    arrays = {"labels": y, "targets": targets, "images": x0, "x_t": torch.stack(list(noised.values()))}
    for name, weights in zip(p.names, snakemake.input.weights, strict=True):
        logits = load_models(weights, None, None, where).logits
        arrays[f"{name} gradients"] = torch.stack([classifier_gradient(logits, x_t, t, y) for t, x_t in noised.items()])
        arrays[f"{name} maximised"] = pgd(partial(logits, t=0), x0, targets, L2(p.eps), p.steps, targeted=True, valid=(-1, 1))
    save_arrays(snakemake.output.arrays, {k: v.cpu().numpy() for k, v in arrays.items()}, timesteps=p.timesteps, eps=p.eps)
