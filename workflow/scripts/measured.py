from job import job

with job(snakemake):
    from energyguide.files.atomic import write_json
    from energyguide.reporting.read import gather

    p, files = snakemake.params, snakemake.input
    found = gather(files.robustness, files.stronger, files.classifiers, files.metrics, files.floor, p.variants)
    write_json(snakemake.output.json, {"command": p.command, **found, "configuration": p.experiment})
