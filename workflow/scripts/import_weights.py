from job import job

with job(snakemake):
    import torch

    from energyguide.nets.checkpoint import read
    from energyguide.nets.released import fit, renamed
    from energyguide.nets.weights import build, save

    release, (architecture, arguments) = snakemake.params.release, snakemake.params.network
    normalisation = {key: torch.tensor(release[key]).view(1, -1, 1, 1) for key in ("mean", "std") if key in release}
    file = release["file"]
    weights = renamed(read(file, release["sha256"]), release["format"], file)
    model = fit(build(architecture, arguments), {**weights, **normalisation}, file)
    history = {"parameters": sum(p.numel() for p in model.parameters())}
    save(snakemake.output.weights, model.state_dict(), architecture, arguments, history=history, released=release)
