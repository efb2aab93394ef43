from job import job

with job(snakemake):
    from energyguide.files.arrays import save_arrays
    from energyguide.nets.device import pick_device
    from energyguide.studies.densities import RANGE, guided_densities

    p = snakemake.params
    pick_device(p.threads)
    arrays, found = guided_densities(p.process, p.scales, p.samples, p.steps, p.seed)
    save_arrays(snakemake.output.arrays, arrays, range=RANGE, samples=p.samples, steps=p.steps, **found)
