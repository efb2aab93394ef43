from job import job

with job(snakemake):
    from energyguide.classifiers.energy import energy, joint_energy
    from energyguide.data.dataset import Dataset
    from energyguide.files.arrays import save_arrays
    from energyguide.files.atomic import write_json
    from energyguide.metrics.distribution import class_statistics
    from energyguide.nets.device import pick_device
    from energyguide.nets.passes import logits
    from energyguide.nets.weights import load

    device, dataset = pick_device(snakemake.params.threads), Dataset.load(snakemake.input.data)
    x, y = dataset.tensors("train", device)
    found, y = logits(load(snakemake.input.weights, device), x), y.cpu()
    statistics = class_statistics(found, y, dataset.classes)
    protocol = {"images": "train", "n": len(x), "unit": "nats"}
    write_json(snakemake.output.json, {"eps_train": snakemake.params.eps_train, "protocol": protocol, **statistics})
    arrays = {"energy": energy(found).numpy(), "joint_energy": joint_energy(found, y).numpy(), "labels": y.numpy()}
    save_arrays(snakemake.output.arrays, arrays, protocol=protocol)
