from job import job

with job(snakemake):
    from pathlib import Path

    from energyguide.reporting.typeset import typeset
    from energyguide.run.machine import commit

    results = Path(snakemake.output.pdf).parent
    typeset(Path(snakemake.params.sources), results / "paper", Path(snakemake.output.pdf), commit())
