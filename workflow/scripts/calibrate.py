from job import job

with job(snakemake) as work:
    from energyguide.diffusion.calibration import calibrate, strength
    from energyguide.diffusion.denoiser import load_denoiser
    from energyguide.diffusion.guides import load_models
    from energyguide.diffusion.sampling import Request, walk
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import pick_device

    device = pick_device(snakemake.params.threads)

    def measure(name, p):
        """A function of the scale: the strength of a variant."""
        denoiser = load_denoiser(p.kind, p.files["model"], p.process, device, p.acceleration)
        models = load_models(p.files, p.classes, device, p.acceleration)
        request = Request(range(p.samples), tuple(p.shape), p.classes, p.seed, device)

        def at(scale):
            found = strength(walk(denoiser, request, p.variant, scale, models))
            print(f"{name}: scale {scale:.4g} gives a strength of {found:.4g}", flush=True)
            return found

        return at

    for result in work.results():
        scale, found = calibrate(measure(result.name, result.params), result.params.strength)
        write_json(result.output.json, {"scale": scale, "strength": found, "samples": result.params.samples})
