from job import job

with job(snakemake):
    import sys

    from energyguide.files.atomic import write_text
    from energyguide.nets.device import pick_device
    from energyguide.reporting.layout import csv_text
    from energyguide.run import cost

    p = snakemake.params
    speed = cost.rates(p.experiment, pick_device())
    found = cost.records(p.experiment, p.images, p.jobs, speed)
    write_text(p.csv, csv_text(found, cost.COLUMNS))
    print(cost.as_text(found, speed), file=sys.__stdout__)
