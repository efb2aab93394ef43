from job import job

with job(snakemake) as work:
    from energyguide.classifiers.energy import energy, joint_energy
    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import save_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.distribution import class_statistics
    from energyguide.nets.device import pick_device
    from energyguide.nets.passes import logits
    from energyguide.nets.weights import load

    device, dataset = pick_device(snakemake.params.threads), Dataset.load(snakemake.input.data)
    x, labels = dataset.tensors("train", device)
    y, protocol = labels.cpu(), {"images": "train", "n": len(x), "unit": "nats"}
    for result in work.results():
        found = logits(load(result.params.files["weights"], device), x)
        statistics = class_statistics(found, y, dataset.classes)
        write_json(result.output.json, {"eps_train": result.params.eps_train, "protocol": protocol, **statistics})
        arrays = {"energy": energy(found).numpy(), "joint_energy": joint_energy(found, y).numpy(), "labels": y.numpy()}
        save_arrays(result.output.arrays, arrays, protocol=protocol)
