from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.config.derive import leaps
    from energyguide.device import device
    from energyguide.modes import covered, gaussians
    from energyguide.nets.ddgan import Adversaries, PointDiscriminator, PointGenerator, generator_weights
    from energyguide.samplers import generate
    from energyguide.schedule import schedule_of
    from energyguide.seeding import fold
    from energyguide.storage import save_arrays
    from energyguide.training.adversarial import AdversarialObjective
    from energyguide.training.loop import train

    p, where, store = snakemake.params, device(), resume_state(snakemake)
    seed = fold(p.seed, "points", p.steps)
    torch.manual_seed(seed)
    model = Adversaries(PointGenerator(p.latent, p.width), PointDiscriminator(p.width))
    schedule = schedule_of(p.process, leaps(p.steps))
    objective = AdversarialObjective(model, schedule, "posterior", p.r1, where)
    points = gaussians(100_000, seed).to(where)
    labels = torch.zeros(len(points), dtype=torch.int64, device=where)
    weights, history = train(objective, p.training, (points + 1) / 2, labels, seed, store, "the GAN of points")
    model.generator.load_state_dict(generator_weights(weights))
    numbers = torch.arange(p.samples, device=where)
    drawn = generate(model.generator.eval(), p.latent, schedule, numbers, points.shape[1:], seed).cpu()
    shown = {"drawn": drawn, "real": points[: p.samples].cpu()}
    arrays = {key: some.view(-1, 2).numpy() for key, some in shown.items()}
    found = {key: covered(some) for key, some in shown.items()}
    save_arrays(snakemake.output.arrays, arrays, steps=p.steps, seconds=history["seconds"], **found)
    store.finish()
