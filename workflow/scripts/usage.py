from job import job

with job(snakemake):
    import sys

    from energyguide.run.usage import usage

    found = usage(snakemake.params.results)
    found.to_csv(snakemake.params.csv, index=False)
    print(found.to_string(index=False, float_format="{:.3f}".format), file=sys.__stdout__)
