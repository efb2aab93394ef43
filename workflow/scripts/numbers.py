from job import job

with job(snakemake):
    from importlib import import_module

    from energyguide.files.atomic import write_text
    from energyguide.reporting.numbers import latex

    topic = import_module(f"energyguide.reporting.topics.{snakemake.params.topic}")
    write_text(snakemake.output.tex, latex(topic.numbers(snakemake.input, snakemake.params)))
