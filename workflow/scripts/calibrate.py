from job import job

with job(snakemake) as work:
    from functools import cache

    from energyguide.diffusion.calibration import calibrate, strength
    from energyguide.diffusion.denoiser import load_denoiser
    from energyguide.diffusion.guides import load_models
    from energyguide.diffusion.sampling import Request, walk
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import pick_device

    device = pick_device(snakemake.params.threads)

    def measure(variant, p):
        """A function of the scale: the strength of a variant, walked once at each scale."""
        denoiser = load_denoiser(p.kind, p.files["model"], p.process, device, p.acceleration)
        models = load_models(p.files, p.classes, device, p.acceleration)
        request = Request(range(p.samples), tuple(p.shape), p.classes, p.seed, device)

        @cache
        def at(scale):
            found = strength(walk(denoiser, request, p.variant, scale, models))
            print(f"{variant}: scale {scale:.4g} gives a strength of {found:.4g}", flush=True)
            return found

        return at

    measures = {}
    for result in work.results():
        variant = result.name.rpartition("/")[0]
        if variant not in measures:
            measures[variant] = measure(variant, result.params)
        scale, found = calibrate(measures[variant], result.params.strength)
        write_json(result.output.json, {"scale": scale, "strength": found, "samples": result.params.samples})
