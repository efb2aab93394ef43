from job import job

with job(snakemake):
    from pathlib import Path

    from energyguide.reporting.typeset import generated, typeset
    from energyguide.run.machine import commit

    p, results = snakemake.params, Path(snakemake.output.pdf).parent
    preamble = generated(snakemake.input.macros, p.systems, commit())
    typeset(Path(p.sources), results / "paper", Path(snakemake.output.pdf), preamble)
