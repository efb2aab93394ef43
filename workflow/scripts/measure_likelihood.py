from job import job

with job(snakemake):
    from energyguide.data.dataset import Dataset
    from energyguide.diffusion.denoiser import load_denoiser
    from energyguide.files.atomic import write_json
    from energyguide.metrics.likelihood import measure
    from energyguide.nets.device import pick_device

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    x = 2 * Dataset.load(snakemake.input.data).tensors("test", device)[0] - 1
    denoiser = load_denoiser(p.kind, snakemake.input.model, p.process, device, p.acceleration)
    protocol = {"images": "test", "n": len(x), "draws": p.draws, "uncertainty": "standard deviation over the draws"}
    write_json(snakemake.output.json, {"protocol": protocol, **measure(denoiser, x, p.steps, p.shapes, p.draws, p.seed)})
