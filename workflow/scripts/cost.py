from job import job

with job(snakemake):
    import sys

    import pandas as pd

    from energyguide.config.experiments import resolve
    from energyguide.files.atomic import write_text
    from energyguide.nets.device import pick_device
    from energyguide.run import cost

    p, (experiment, _) = snakemake.params, resolve(snakemake.config)
    speed = cost.rates(experiment, pick_device())
    found = cost.records(experiment, p.images, p.jobs, speed)
    table = pd.DataFrame(found, columns=cost.COLUMNS, dtype=object)  # integers stay integers beside what is not counted
    write_text(p.csv, table.to_csv(index=False, lineterminator="\n"))
    print(cost.as_text(found, speed), file=sys.__stdout__)
