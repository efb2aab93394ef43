from job import job

with job(snakemake):
    from energyguide.reporting.numbers import latex
    from energyguide.storage import write_text

    write_text(snakemake.output.tex, latex(snakemake.input, snakemake.params))
