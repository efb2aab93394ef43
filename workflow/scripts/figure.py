from job import job

with job(snakemake):
    from energyguide.reporting import figures
    from energyguide.reporting.style import save

    figure = getattr(figures, snakemake.rule.removeprefix("figure_"))(snakemake.input, snakemake.params)
    save(figure, snakemake.output.pdf, snakemake.output.png)
