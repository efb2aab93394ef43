from job import job

with job(snakemake):
    from energyguide.files.atomic import write_text
    from energyguide.reporting.numbers import latex

    write_text(snakemake.output.tex, latex(snakemake.input, snakemake.params))
