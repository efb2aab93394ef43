from job import job, resume_state

with job(snakemake):
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import device
    from energyguide.studies.stacked import cover

    p, where, store = snakemake.params, device(snakemake.params.threads), resume_state(snakemake)
    arrays, info = cover(p, where, store)
    save_arrays(snakemake.output.arrays, arrays, samples=p.samples, steps=p.steps, **info)
    store.finish()
