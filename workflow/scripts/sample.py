from job import job, resume_state

with job(snakemake):
    import torch

    from energyguide.diffusion.denoiser import load_denoiser
    from energyguide.diffusion.guides import find_guidance, load_models
    from energyguide.diffusion.sampling import Request, sample, sample_shard, shard_batches
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import pick_device
    from energyguide.nets.memory import Parts

    p, device, store = snakemake.params, pick_device(snakemake.params.threads), resume_state(snakemake)
    spec, parts = p.variant, Parts("sampling")
    denoiser = load_denoiser(p.kind, snakemake.input.model, p.process, device, p.acceleration)
    guides = snakemake.input.get("classifier"), snakemake.input.get("energy")
    models = load_models(*guides, p.classes, device, p.acceleration)

    def sample_batch(scale, batch):
        def piece(samples):
            request = Request(samples, tuple(p.shape), p.classes, p.seed, device)
            return sample(denoiser, request, spec, scale, models)

        return tuple(map(torch.cat, zip(*parts.map(piece, batch), strict=True)))

    total = p.sampling["seeds"] * p.sampling["samples"]
    batches = shard_batches(total, p.sampling["batch"], p.sampling["shards"], p.shard)
    name, guided = snakemake.wildcards.variant, "unit" in spec
    images, seconds, diverged = sample_shard(sample_batch, p.scales, batches, store, name, guided)
    evaluations = [spec["steps"] * n for n in find_guidance(spec, max(p.scales), models).evaluations]
    save_arrays(
        snakemake.output.arrays,
        {f"{scale:g}": images[scale].numpy() for scale in p.scales},
        variant=spec,
        samples=[batches[0].start, batches[-1].stop],
        evaluations=evaluations,
        seconds_per_image={f"{scale:g}": value for scale, value in seconds.items()},
        diverged={f"{scale:g}": found for scale, found in diverged.items()},
    )
    store.finish()
