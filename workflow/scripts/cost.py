from job import job

with job(snakemake):
    import sys

    from energyguide.config.experiments import resolve
    from energyguide.files.atomic import write_text
    from energyguide.nets.device import pick_device
    from energyguide.reporting.layout import csv_text
    from energyguide.run import cost

    p, (experiment, _) = snakemake.params, resolve(snakemake.config)
    speed = cost.rates(experiment, pick_device())
    found = cost.records(experiment, p.images, p.jobs, speed)
    write_text(p.csv, csv_text(found, cost.COLUMNS))
    print(cost.as_text(found, speed), file=sys.__stdout__)
