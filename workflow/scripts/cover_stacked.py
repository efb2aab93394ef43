from job import job

with job(snakemake) as work:
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import pick_device
    from energyguide.studies.stacked import cover

    p, device, store = snakemake.params, pick_device(snakemake.params.threads), work.store()
    arrays, info = cover(p, device, store)
    save_arrays(snakemake.output.arrays, arrays, samples=p.samples, steps=p.steps, **info)
    store.finish()
