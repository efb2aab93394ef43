from job import job

with job(snakemake):
    from pathlib import Path

    from energyguide.reporting.typeset import typeset

    results = Path(snakemake.output.pdf).parent
    typeset(Path(snakemake.params.sources), results / "paper", Path(snakemake.output.pdf))
