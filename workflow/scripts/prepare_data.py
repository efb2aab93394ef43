from job import job

with job(snakemake):
    from energyguide.data.load import load

    spec = snakemake.params.data
    dataset = load(spec, snakemake.params.seed)
    if len(dataset.classes) != spec["classes"] or dataset.shape != (spec["channels"], spec["size"], spec["size"]):
        found = f"{len(dataset.classes)} classes of images {dataset.shape}"
        raise ValueError(f"data: found {found}; `data.classes`, `channels` and `size` say otherwise: {spec}")
    dataset.save(snakemake.output.data, config=spec)
