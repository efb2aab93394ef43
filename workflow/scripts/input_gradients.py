from job import job

with job(snakemake):
    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.gradients import classifier_gradient
    from energyguide.guidance import load_models
    from energyguide.storage import save_arrays

    p, where = snakemake.params, device()
    x, y = (part[: p.images] for part in Dataset.load(snakemake.input.data).one_of_each("test", where))
    arrays = {"images": x.cpu().numpy(), "labels": y.cpu().numpy()}
    for name, weights in zip(p.classifiers, snakemake.input.weights, strict=True):
        logits = load_models(weights, None, None, where).logits
        arrays[name] = classifier_gradient(logits, 2 * x - 1, 0, y).cpu().numpy()
    save_arrays(snakemake.output.arrays, arrays, what="gradient of log p(y|x) with respect to x in [-1, 1], at test images")
