from job import job

with job(snakemake):
    from energyguide.classifiers.load import load_classifier
    from energyguide.data.dataset import Dataset
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import pick_device
    from energyguide.studies.time_gradients import time_gradients

    p, device = snakemake.params, pick_device(snakemake.params.threads)
    x, y = Dataset.load(snakemake.input.data).one_of_each("test", device)
    classifiers = {name: load_classifier(path, device) for name, path in zip(p.names, snakemake.input.weights, strict=True)}
    schedule = linear_schedule(**p.process)
    arrays = time_gradients(classifiers, schedule, x, y, p.timesteps, p.eps, p.steps, p.seed)
    save_arrays(snakemake.output.arrays, {k: v.cpu().numpy() for k, v in arrays.items()}, timesteps=p.timesteps, eps=p.eps)
