from job import job

with job(snakemake):
    import numpy as np
    import torch

    from energyguide.device import device
    from energyguide.metrics.quality import Reference
    from energyguide.metrics.samples import Judgement
    from energyguide.sampling import gathered
    from energyguide.storage import load_arrays, read_sidecar, write_json

    p = snakemake.params
    judgement = Judgement(
        Reference.load(snakemake.input.reference),
        snakemake.input.judge,
        snakemake.input.classifier,
        load_arrays(snakemake.input.energies)["energy"],
        p.metrics,
        device(),
    )
    shards = [load_arrays(path) for path in snakemake.input.samples]
    sidecars = [read_sidecar(path) for path in snakemake.input.samples]
    results = {}
    for scale in shards[0]:
        if found := [s["diverged"][scale] for s in sidecars if scale in s["diverged"]]:
            results[scale] = {"diverged": gathered(found)}
            continue
        images = torch.from_numpy(np.concatenate([shard[scale] for shard in shards]))
        results[scale] = judgement.of(list(images.split(p.samples)))
        results[scale]["seconds_per_image"] = [s["seconds_per_image"][scale] for s in sidecars]
    protocol = judgement.protocol(p.samples, p.seeds)
    write_json(snakemake.output.json, {"evaluations": sidecars[0]["evaluations"], "protocol": protocol, "scales": results})
