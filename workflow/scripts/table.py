from job import job

with job(snakemake):
    from importlib import import_module

    from energyguide.files.atomic import write_text

    topic = import_module(f"energyguide.reporting.topics.{snakemake.params.topic}")
    table = getattr(topic, snakemake.rule)(snakemake.input, snakemake.params)
    write_text(snakemake.output.csv, table.csv())
    write_text(snakemake.output.html, table.html(snakemake.rule.removeprefix("table_")))
    write_text(snakemake.output.tex, table.latex())
