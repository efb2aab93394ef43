from job import job

with job(snakemake):
    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.nets.files import load
    from energyguide.nets.resnet import CifarResNet
    from energyguide.robustness import darkness_grid, noise_grid
    from energyguide.storage import write_json

    p, where = snakemake.params, device()
    x, y = Dataset.load(snakemake.input.data).tensors("test", where)
    model = load(CifarResNet, snakemake.input.weights, where)
    protocol = {"scale": "[0, 1]", "images": "test", "n": len(x), "seed": p.seed}
    noise, darkness = noise_grid(model, x, y, p.noise, p.seed), darkness_grid(model, x, y, p.darkness)
    write_json(snakemake.output.json, {"eps_train": p.eps_train, "protocol": protocol, "noise": noise, "darkness": darkness})
