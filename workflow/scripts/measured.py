from job import job

with job(snakemake):
    from energyguide.reporting.results import gather
    from energyguide.storage import write_json

    p, files = snakemake.params, snakemake.input
    found = gather(files.robustness, files.classifiers, files.metrics, files.floor, p.variants)
    write_json(snakemake.output.json, {"command": p.command, **found, "configuration": p.experiment})
