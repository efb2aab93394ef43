from job import job

with job(snakemake):
    import sys

    from energyguide import cost
    from energyguide.device import device
    from energyguide.storage import csv_text, write_text

    p = snakemake.params
    speed = cost.rates(p.experiment, device())
    found = cost.records(p.experiment, p.images, p.jobs, speed)
    write_text(p.csv, csv_text(found, cost.COLUMNS))
    print(cost.as_text(found, speed), file=sys.__stdout__)
