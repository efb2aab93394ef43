"""How numbers are distributed: mean, quantiles and histogram."""

import torch

from energyguide.classifiers.energy import energy, joint_energy


def statistics(values, quantiles=(0.05, 0.25, 0.5, 0.75, 0.95), bins=40, limits=None):
    """Mean, standard deviation, quantiles and histogram of `values` (n,), ready for JSON.

    `limits` are the ends of the histogram; by default those of the values.
    """
    values = values.double()
    low, high = limits or (values.min().item(), values.max().item())
    counts = torch.histc(values, bins, low, high) if high > low else torch.tensor([float(len(values))])
    return {
        "n": len(values),
        "mean": values.mean().item(),
        "std": values.std(correction=0).item(),
        "quantiles": dict(zip(map(str, quantiles), values.quantile(torch.tensor(quantiles).double()).tolist(), strict=True)),
        "histogram": {"low": low, "high": high, "counts": counts.int().tolist()},
    }


def class_statistics(logits, y, classes):
    """Statistics of E(x) and of E(x, y) over all images and per class, on common histograms.

    Args:
        logits: (n, class), of labelled images.
        y: (n,) their labels.
        classes: names of the classes.
    """
    result = {}
    for name, values in {"E(x)": energy(logits), "E(x,y)": joint_energy(logits, y)}.items():
        limits = (values.min().item(), values.max().item())
        result[name] = {
            "all": statistics(values, limits=limits),
            "classes": {c: statistics(values[y == k], limits=limits) for k, c in enumerate(classes)},
        }
    return result
