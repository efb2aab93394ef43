from job import job

with job(snakemake):
    import torch
    from tqdm import tqdm

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.guidance import load_models
    from energyguide.reporting.results import at_scale, best_scale, read_metrics
    from energyguide.sampling import load_denoiser, walk
    from energyguide.seeding import fold, normal
    from energyguide.storage import save_arrays, write_json
    from energyguide.trajectory import forward, record

    p, where = snakemake.params, device()
    shape, samples = tuple(p.shape), range(p.samples)
    observer = load_models(snakemake.input.observer, None, p.classes, where)
    denoisers = {
        name: load_denoiser(path, p.process, where, p.acceleration)
        for name, path in zip(p.model_names, snakemake.input.models, strict=True)
    }
    classifiers = dict(zip(p.classifier_names, snakemake.input.classifiers, strict=True))
    energies = dict(zip(p.energy_names, snakemake.input.energies, strict=True))
    result, strips = {}, {}
    for name, spec in tqdm(p.variants.items(), unit="variant", disable=None):
        metrics = read_metrics(snakemake.input.metrics, name)
        scale = p.scales.get(name) or best_scale(metrics)
        own = spec.get("classifier")
        guides = load_models(classifiers.get(own), energies.get(own), p.classes, where, p.acceleration)
        states = walk(denoisers[spec["model"]], samples, shape, p.classes, spec, scale, guides, p.seed, where)
        with torch.no_grad():
            lines, strips[name] = record(states, observer, p.frames, spec["steps"], p.classes)
        if "diverged" in at_scale(metrics, scale):  # perhaps in other samples than these
            lines = {"diverged": True}
        result[name] = {**lines, "scale": scale}
    first, _ = Dataset.load(snakemake.input.data).one_of_each("test", where)
    noise = normal(fold(p.seed, "forward"), torch.arange(p.classes, device=where), 0, shape)
    strip = p.variants[p.strip]
    schedule = denoisers[strip["model"]].schedule(strip)
    arrays = {"forward": forward(schedule, 2 * first - 1, noise, p.frames).cpu().numpy()}
    write_json(snakemake.output.json, result)
    for name in p.variants:
        arrays[f"{name} x_t"], arrays[f"{name} x0"] = (part.numpy() for part in strips[name])
    save_arrays(snakemake.output.arrays, arrays, frames=p.frames)
