from job import job

with job(snakemake):
    import sys

    import pandas as pd

    from energyguide.files.atomic import read_json
    from energyguide.metrics.comparison import compare, summary

    rows = compare(read_json(snakemake.input.ours), read_json(snakemake.input.theirs))
    table = pd.DataFrame([row for row in rows if row["state"] != "agrees"])
    with pd.option_context("display.max_colwidth", None):
        told = table.to_string(index=False, float_format="{:.4g}".format) if len(table) else ""
    print(*filter(None, [told, f"{summary(rows)}: {snakemake.input.theirs}"]), sep="\n\n", file=sys.__stdout__)
