from job import job

with job(snakemake):
    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import save_arrays
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import pick_device
    from energyguide.studies.trajectories import Study

    p, files, device = snakemake.params, snakemake.input, pick_device(snakemake.params.threads)
    study = Study(
        p,
        dict(zip(p.model_names, files.models, strict=True)),
        dict(zip(p.classifier_names, files.classifiers, strict=True)),
        dict(zip(p.energy_names, files.energies, strict=True)),
        files.observer,
        device,
    )
    lines, arrays = study.follow(files.metrics)
    first, _ = Dataset.load(files.data).one_of_each("test", device)
    write_json(snakemake.output.json, lines)
    save_arrays(snakemake.output.arrays, {"forward": study.forward(first), **arrays}, frames=p.frames)
