from job import job

with job(snakemake) as work:
    from energyguide.classifiers.corruptions import darkness_grid, noise_grid
    from energyguide.data.dataset import Dataset
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import load

    device = pick_device(snakemake.params.threads)
    x, y = Dataset.load(snakemake.input.data).tensors("test", device)
    for result in work.results():
        p, model = result.params, load(result.params.files["weights"], device)
        protocol = {"scale": "[0, 1]", "images": "test", "n": len(x), "seed": p.seed}
        noise, darkness = noise_grid(model, x, y, p.noise, p.seed), darkness_grid(model, x, y, p.darkness)
        grids = {"noise": noise, "darkness": darkness}
        write_json(result.output.json, {"eps_train": p.eps_train, "protocol": protocol, **grids})
