from job import job, resume_state

with job(snakemake):
    import time

    import torch
    from tqdm import tqdm

    from energyguide.device import accelerated, device
    from energyguide.guidance import load_models
    from energyguide.nets.files import load
    from energyguide.nets.unet import UNet
    from energyguide.sampling import draw, find_guidance, shard_batches
    from energyguide.storage import save_arrays
    from energyguide.training.loop import Checkpoints, stop_signals

    p, spec, where, store = snakemake.params, snakemake.params.variant, device(), resume_state(snakemake)
    shape = tuple(p.shape)
    network = accelerated(load(UNet, snakemake.input.model, where), where)
    models = load_models(snakemake.input.get("classifier"), snakemake.input.get("energy"), where)
    batches = shard_batches(p.sampling["seeds"] * p.sampling["samples"], p.sampling["batch"], p.sampling["shards"], p.shard)
    state = store.begin() or {"images": {}, "seconds": {str(scale): 0.0 for scale in p.scales}}
    images, seconds = state["images"], state["seconds"]
    todo = [(scale, batch) for scale in p.scales for batch in batches if f"{scale} {batch.start}" not in images]
    with stop_signals() as stopping:
        checkpoints = Checkpoints(store, stopping)
        for scale, batch in tqdm(todo, unit="batch", disable=None):
            began = time.monotonic()
            images[f"{scale} {batch.start}"] = draw(network, batch, shape, p.classes, p.process, spec, scale, models, p.seed, where)
            seconds[str(scale)] += time.monotonic() - began
            checkpoints.offer(lambda: state)
    arrays = {scale: torch.cat([images[f"{scale} {batch.start}"] for batch in batches]).numpy() for scale in p.scales}
    count = sum(map(len, batches))
    evaluations = [spec["steps"] * n for n in find_guidance(spec, p.scales[0], models).evaluations]
    save_arrays(
        snakemake.output.arrays,
        {f"{scale:g}": array for scale, array in arrays.items()},
        variant=spec,
        samples=[batches[0].start, batches[-1].stop],
        evaluations=evaluations,
        seconds_per_image={f"{scale:g}": seconds[str(scale)] / count for scale in p.scales},
    )
    store.clear()
