from job import job

with job(snakemake) as work:
    from functools import partial

    import torch

    from energyguide.diffusion.denoiser import load_denoiser
    from energyguide.diffusion.guides import evaluations, load_models
    from energyguide.diffusion.sampling import Request, sample, sample_shard, shard_batches
    from energyguide.files.arrays import save_arrays
    from energyguide.files.atomic import read_json
    from energyguide.nets.device import pick_device
    from energyguide.nets.memory import Parts

    device, parts = pick_device(snakemake.params.threads), Parts("sampling")

    def sample_batch(p, scale, denoiser, models, batch):
        def piece(samples):
            request = Request(samples, tuple(p.shape), p.classes, p.seed, device)
            return sample(denoiser, request, p.variant, scale, models)

        return tuple(map(torch.cat, zip(*parts.map(piece, batch), strict=True)))

    for result in work.results():
        p, store = result.params, work.store(result)
        scale = read_json(p.files["scale"])["scale"] if "scale" in p.files else p.scale
        denoiser = load_denoiser(p.kind, p.files["model"], p.process, device, p.acceleration)
        models = load_models(p.files, p.classes, device, p.acceleration)

        total = p.sampling["sets"] * p.sampling["samples"]
        batches = shard_batches(total, p.sampling["batch"], p.sampling["shards"], p.shard)
        draw = partial(sample_batch, p, scale, denoiser, models)
        images, seconds, diverged = sample_shard(draw, batches, store, result.name, "unit" in p.variant)
        save_arrays(
            result.output.arrays,
            {"images": images.numpy()},
            variant=p.variant,
            scale=scale,
            samples=[batches[0].start, batches[-1].stop],
            evaluations=evaluations(p.variant, scale, models, denoiser.schedule(p.variant).timesteps.tolist()),
            seconds_per_image=seconds,
            diverged=diverged,
        )
        store.finish()
