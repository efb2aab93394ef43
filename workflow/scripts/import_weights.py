from job import job

with job(snakemake):
    import torch

    from energyguide.nets.ddgan import Generator
    from energyguide.nets.files import save
    from energyguide.nets.released import FORMATS, fit, read
    from energyguide.nets.resnet import CifarResNet
    from energyguide.nets.time_classifier import TimeClassifier
    from energyguide.nets.unet import UNet
    from energyguide.nets.vdm import VDM

    release, (architecture, arguments) = snakemake.params.release, snakemake.params.network
    network = {kind.__name__: kind for kind in (UNet, VDM, Generator, TimeClassifier, CifarResNet)}[architecture]
    normalisation = {key: torch.tensor(release[key]).view(1, -1, 1, 1) for key in ("mean", "std") if key in release}
    weights = FORMATS[release["format"]](read(release["file"], release["sha256"]))
    model = fit(network(**arguments), {**weights, **normalisation}, release["file"])
    history = {"parameters": sum(p.numel() for p in model.parameters())}
    save(snakemake.output.weights, model.state_dict(), network, arguments, history=history, released=release)
