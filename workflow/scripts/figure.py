from job import job

with job(snakemake):
    from importlib import import_module

    from energyguide.reporting.style import save

    topic = import_module(f"energyguide.reporting.topics.{snakemake.params.topic}")
    figure = getattr(topic, snakemake.rule)(snakemake.input, snakemake.params)
    save(figure, snakemake.output.pdf, snakemake.output.png)
