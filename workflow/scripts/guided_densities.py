from job import job

with job(snakemake):
    from energyguide.densities import RANGE, distance, exact, sampled
    from energyguide.mixture import three_gaussians
    from energyguide.schedule import linear_schedule
    from energyguide.storage import save_arrays

    p = snakemake.params
    schedule = linear_schedule(**p.process)
    mixture = three_gaussians(schedule)
    arrays, distances = {}, {}
    for w in p.scales:
        closed, drawn = exact(mixture, w), sampled(mixture, schedule, w, p.samples, p.steps, p.seed)
        arrays[f"exact {w:g}"], arrays[f"sampled {w:g}"] = closed.numpy(), drawn.numpy()
        distances[f"{w:g}"] = distance(closed, drawn)
    save_arrays(snakemake.output.arrays, arrays, range=RANGE, samples=p.samples, steps=p.steps, distances=distances)
