from job import job

with job(snakemake):
    from energyguide.data.folders import fingerprint
    from energyguide.data.load import load

    spec, before = snakemake.params.data, snakemake.params.get("files")
    dataset = load(spec, snakemake.params.seed)
    if before and fingerprint(spec["path"]) != before:
        raise ValueError(f"{spec['path']} changed while it was read; wait until all images are there, and run again")
    if len(dataset.classes) != spec["classes"] or dataset.shape != (spec["channels"], spec["size"], spec["size"]):
        found = f"{len(dataset.classes)} classes of images {dataset.shape}"
        raise ValueError(f"data: found {found}; `data.classes`, `channels` and `size` say otherwise: {spec}")
    dataset.save(snakemake.output.data, config=spec)
