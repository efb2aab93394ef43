from job import job

with job(snakemake):
    from energyguide.files.atomic import write_json
    from energyguide.studies.units import curves

    write_json(snakemake.output.json, curves(snakemake.params.process, snakemake.params.sigmoids))
