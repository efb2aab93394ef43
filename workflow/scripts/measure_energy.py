from job import job

with job(snakemake):
    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.energy import class_statistics, energy, joint_energy
    from energyguide.nets.files import load
    from energyguide.nets.resnet import CifarResNet
    from energyguide.robustness import logits
    from energyguide.storage import save_arrays, write_json

    where = device()
    dataset = Dataset.load(snakemake.input.data)
    x, y = dataset.tensors("train", where)
    model, y = load(CifarResNet, snakemake.input.weights, where), y.cpu()
    found = logits(model, x)
    statistics = class_statistics(found, y, dataset.classes)
    protocol = {"images": "train", "n": len(x), "unit": "nats"}
    write_json(snakemake.output.json, {"eps_train": snakemake.params.eps_train, "protocol": protocol, **statistics})
    arrays = {"energy": energy(found).numpy(), "joint_energy": joint_energy(found, y).numpy(), "labels": y.numpy()}
    save_arrays(snakemake.output.arrays, arrays, protocol=protocol)
