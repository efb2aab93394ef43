from job import job

with job(snakemake):
    import sys

    from energyguide.reporting import runs
    from energyguide.storage import write_text

    records = [record for record in runs.usage(snakemake.params.logs) if record["rule"] != snakemake.rule]
    write_text(snakemake.params.csv, runs.usage_csv(records))
    print(runs.usage_table(records), file=sys.__stdout__)
