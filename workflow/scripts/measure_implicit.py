from job import job

with job(snakemake):
    from energyguide.classifiers.load import load_classifier
    from energyguide.data.dataset import Dataset
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import load
    from energyguide.studies.implicit import compare, some_images

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    dataset = Dataset.load(snakemake.input.data)
    x, y = some_images(*dataset.tensors("test", device), p.images, p.seed)
    network = load(snakemake.input.model, device)  # in float32: its gradient is a small difference of two predictions
    classifiers = {name: load_classifier(path, device) for name, path in zip(p.classifiers, snakemake.input.weights, strict=True)}
    schedule = linear_schedule(**p.process)
    result = compare(network, schedule, classifiers, x, y, len(dataset.classes), p.timesteps, p.seed)
    protocol = {"images": "test", "n": len(x), "timesteps": list(p.timesteps), "gradients": "cosine similarity at x_t"}
    write_json(snakemake.output.json, {"protocol": protocol, **result})
