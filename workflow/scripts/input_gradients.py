from job import job

with job(snakemake):
    import torch

    from energyguide.data.dataset import Dataset
    from energyguide.device import device
    from energyguide.energy import log_posterior
    from energyguide.nets.files import load
    from energyguide.nets.resnet import CifarResNet
    from energyguide.storage import save_arrays

    p, where = snakemake.params, device()
    x, y = Dataset.load(snakemake.input.data).tensors("test", where)
    shown = torch.cat([(y == k).nonzero()[:1, 0] for k in y.unique()])[: p.images]
    x, y = x[shown], y[shown]
    arrays = {"images": x.cpu().numpy(), "labels": y.cpu().numpy()}
    for name, weights in zip(p.classifiers, snakemake.input.weights, strict=True):
        z = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(log_posterior(load(CifarResNet, weights, where)(z), y).sum(), z)
        arrays[name] = gradient.cpu().numpy()
    save_arrays(snakemake.output.arrays, arrays, what="gradient of log p(y|x) with respect to x, at test images")
