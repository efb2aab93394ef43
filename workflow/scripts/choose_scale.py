from job import job

with job(snakemake) as work:
    from energyguide.files.atomic import read_json, write_json
    from energyguide.metrics.scales import join

    for result in work.results():
        write_json(result.output.json, join(list(map(read_json, result.params.files))))
