from job import job

with job(snakemake):
    from energyguide.classifiers.gradients import classifier_gradient
    from energyguide.classifiers.load import load_classifier
    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import pick_device

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    x, y = (part[: p.images] for part in Dataset.load(snakemake.input.data).one_of_each("test", device))
    arrays = {"images": x.cpu().numpy(), "labels": y.cpu().numpy()}
    for name, weights in zip(p.classifiers, snakemake.input.weights, strict=True):
        arrays[name] = classifier_gradient(load_classifier(weights, device), 2 * x - 1, 0, y).cpu().numpy()
    save_arrays(snakemake.output.arrays, arrays, what="gradient of log p(y|x) with respect to x in [-1, 1], at test images")
