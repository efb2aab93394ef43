from job import job

with job(snakemake):
    from energyguide.reporting import tables
    from energyguide.storage import write_text

    name = snakemake.rule.removeprefix("table_")
    table = getattr(tables, name)(snakemake.input, snakemake.params)
    write_text(snakemake.output.csv, table.csv())
    write_text(snakemake.output.html, table.html(name))
    write_text(snakemake.output.tex, table.latex())
