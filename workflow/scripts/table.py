from job import job

with job(snakemake):
    from energyguide.reporting import tables
    from energyguide.storage import write_text

    table = getattr(tables, snakemake.rule.removeprefix("table_"))(snakemake.input, snakemake.params)
    write_text(snakemake.output.csv, table.csv())
    write_text(snakemake.output.tex, table.latex())
