from job import job

with job(snakemake):
    import sys

    from energyguide.files.atomic import write_text
    from energyguide.reporting.layout import csv_text
    from energyguide.run import usage

    records = [record for record in usage.usage(snakemake.params.logs) if record["rule"] != snakemake.rule]
    write_text(snakemake.params.csv, csv_text(usage.rounded(records), usage.COLUMNS))
    print(usage.usage_table(records), file=sys.__stdout__)
