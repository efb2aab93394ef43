from job import job

with job(snakemake):
    from functools import partial

    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.likelihood import SHAPES, bound, continuous_bound
    from energyguide.metrics.likelihood import estimates
    from energyguide.sampling import load_denoiser
    from energyguide.storage import write_json

    p, where = snakemake.params, device()
    x = 2 * Dataset.load(snakemake.input.data).tensors("test", where)[0] - 1
    denoiser = load_denoiser(snakemake.input.model, p.process, where, p.acceleration)
    network, model = denoiser.network, denoiser.learned

    def drawn(function, *arguments):
        return estimates(partial(function, network, *arguments), x, p.draws, p.seed)

    found = {"discrete": {steps: drawn(bound, denoiser.levels(steps)) for steps in p.steps}}
    if model:
        curve = torch.linspace(0, 1, 101, device=where)
        shapes = {"learned": None, **{name: SHAPES[name] for name in p.shapes}}
        found["continuous"] = {name: drawn(continuous_bound, model, shape) for name, shape in shapes.items()}
        with torch.no_grad():
            found["gamma"] = {name: model.gamma(curve, shape).tolist() for name, shape in shapes.items()}
    protocol = {"images": "test", "n": len(x), "draws": p.draws, "uncertainty": "standard deviation over the draws"}
    write_json(snakemake.output.json, {"protocol": protocol, **found})
