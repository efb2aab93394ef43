from job import job

with job(snakemake):
    from energyguide.attacks import BALLS
    from energyguide.data.dataset import Dataset
    from energyguide.device import accelerated, device
    from energyguide.nets.files import load
    from energyguide.nets.resnet import CifarResNet
    from energyguide.robustness import accuracy
    from energyguide.storage import write_json

    p, where = snakemake.params, device()
    x, y = Dataset.load(snakemake.input.data).tensors("test", where)
    model, ball = load(CifarResNet, snakemake.input.weights, where), BALLS[p.norm]
    protocol = {"attack": f"PGD-{p.steps}", "norm": p.norm, "scale": "[0, 1]", "images": "test", "n": len(x), "seed": p.seed}
    attacker = accelerated(model, where, p.acceleration)
    grid = {str(eps): accuracy(model, x, y, ball(eps), p.steps, p.seed, attacker) for eps in p.eps_test}
    write_json(snakemake.output.json, {"eps_train": p.eps_train, "protocol": protocol, "accuracy": grid})
