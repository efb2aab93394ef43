from job import job

with job(snakemake):
    import torch

    from energyguide.nets.released import FORMATS, fit, read
    from energyguide.nets.weights import build, save

    release, (architecture, arguments) = snakemake.params.release, snakemake.params.network
    normalisation = {key: torch.tensor(release[key]).view(1, -1, 1, 1) for key in ("mean", "std") if key in release}
    weights = FORMATS[release["format"]](read(release["file"], release["sha256"]))
    model = fit(build(architecture, arguments), {**weights, **normalisation}, release["file"])
    history = {"parameters": sum(p.numel() for p in model.parameters())}
    save(snakemake.output.weights, model.state_dict(), architecture, arguments, history=history, released=release)
