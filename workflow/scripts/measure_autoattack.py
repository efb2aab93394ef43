from job import job

with job(snakemake) as work:
    from energyguide.classifiers.attacks import BALLS
    from energyguide.classifiers.autoattack import spread, title, worst_case
    from energyguide.classifiers.robustness import accuracy
    from energyguide.data.dataset import Dataset
    from energyguide.files.atomic import write_json
    from energyguide.nets.device import pick_device
    from energyguide.nets.weights import load

    device, ball = pick_device(snakemake.params.threads), BALLS[snakemake.params.norm]
    x, y = Dataset.load(snakemake.input.data).tensors("test", device)
    for result in work.results():
        p, model = result.params, load(result.params.files["weights"], device)
        images, labels = (part[spread(len(x), p.spec["images"]).to(device)] for part in (x, y))
        protocol = {
            "attack": title(p.spec),
            "norm": p.norm,
            "scale": "[0, 1]",
            "images": "test",
            "n": len(images),
            "seed": p.seed,
        }
        stronger, pgd = (
            {str(eps): measure(model, images, labels, ball(eps), how, p.seed) for eps in p.eps_test}
            for measure, how in ((worst_case, p.spec), (accuracy, p.steps))
        )
        write_json(
            result.output.json,
            {"eps_train": p.eps_train, "protocol": {**p.spec, **protocol}, "accuracy": stronger, "pgd": pgd},
        )
