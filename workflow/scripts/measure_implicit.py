from job import job

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.gradients import alignment, classifier_gradient, implicit_errors, implicit_gradient
    from energyguide.guidance import load_models
    from energyguide.nets.files import load
    from energyguide.nets.unet import UNet
    from energyguide.schedule import linear_schedule
    from energyguide.seeding import fold, normal
    from energyguide.storage import write_json

    p, where = snakemake.params, device()
    dataset = Dataset.load(snakemake.input.data)
    x, y = dataset.tensors("test", where)
    shown = torch.randperm(len(y), generator=torch.Generator().manual_seed(p.seed))[: p.images].to(where)
    x, y = x[shown], y[shown]
    x0, samples, classes = 2 * x - 1, torch.arange(len(x), device=where), len(dataset.classes)
    schedule = linear_schedule(**p.process)
    network = load(UNet, snakemake.input.model, where)  # in float32: its gradient is a small difference of two predictions
    logits = {
        name: load_models(path, None, classes, where).logits
        for name, path in zip(p.classifiers, snakemake.input.weights, strict=True)
    }

    def right(scores):
        return (scores.argmax(1) == y).float().mean().item()

    by_timestep, aligned, total = {}, {name: {} for name in logits}, torch.zeros(len(x), classes, device=where)
    with torch.no_grad():
        clean = {name: right(function(x0, 0)) for name, function in logits.items()}
        for t in p.timesteps:
            noise = normal(fold(p.seed, "implicit"), samples, t, x0.shape[1:])
            errors = implicit_errors(network, schedule, x0, t, noise, classes)
            total += errors
            by_timestep[t] = right(-errors)
            x_t = schedule.add_noise(x0, torch.full_like(y, t), noise)
            own = implicit_gradient(network, schedule, x_t, t, y, classes)
            for name, function in logits.items():
                aligned[name][t] = alignment(own, classifier_gradient(function, x_t, t, y)).mean().item()
    protocol = {"images": "test", "n": len(x), "timesteps": list(p.timesteps), "gradients": "cosine similarity at x_t"}
    accuracy = {"by_timestep": by_timestep, "all": right(-total), "classifiers": clean}
    write_json(snakemake.output.json, {"protocol": protocol, "accuracy": accuracy, "alignment": aligned})
