from job import job

with job(snakemake) as work:
    from energyguide.classifiers.attacks import BALLS
    from energyguide.classifiers.robustness import accuracy
    from energyguide.data.dataset import Dataset
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import accelerated, pick_device
    from energyguide.nets.weights import load

    device, ball = pick_device(snakemake.params.threads), BALLS[snakemake.params.norm]
    x, y = Dataset.load(snakemake.input.data).tensors("test", device)
    for result in work.results():
        p, model = result.params, load(result.params.files["weights"], device)
        protocol = {"attack": f"PGD-{p.steps}", "norm": p.norm, "scale": "[0, 1]", "images": "test", "n": len(x), "seed": p.seed}
        attacker = accelerated(model, device, p.acceleration)
        grid = {str(eps): accuracy(model, x, y, ball(eps), p.steps, p.seed, attacker) for eps in p.eps_test}
        write_json(result.output.json, {"eps_train": p.eps_train, "protocol": protocol, "accuracy": grid})
