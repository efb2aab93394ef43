from job import job

with job(snakemake):
    from energyguide.reporting.numbers import latex, macros
    from energyguide.storage import write_text

    write_text(snakemake.output.tex, latex(macros(snakemake.input, snakemake.params)))
