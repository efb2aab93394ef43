from job import job

with job(snakemake):
    import sys

    from energyguide.run.provenance import trace

    print(trace(snakemake.params.of, snakemake.params.numbers), file=sys.__stdout__)
