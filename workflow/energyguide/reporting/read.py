"""Reading results for tables, figures and text."""

from pathlib import Path

from energyguide.files import records
from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.files.atomic import read_json
from energyguide.metrics.scales import at_scale, read_metrics

UNITS = {  # what a guidance scale multiplies, as mathematics
    "sigma": r"$\sigma_t$",
    "sigma2": r"$\sigma_t^2$",
    "standard": r"$\sqrt{1-\bar\alpha_t}$",
    "sigmoid": r"$\hat\sigma_t$",
    "eps": r"$\sqrt{1-\bar\alpha_t}$ on $\epsilon$",
    "difference": r"$\Delta\epsilon$",
}


def gather(robustness, stronger, classifiers, metrics, floor, variants):
    """All measurements as one mapping: robustness by eps-train, and samples by variant, each with its protocol and machine.

    Args:
        robustness: files `robustness/<classifier>.json`.
        stronger: files `autoattack/<classifier>.json`, if there are any.
        classifiers: weights of the same classifiers, for how they were trained.
        metrics: files `metrics/<variant>.json`, of these `variants`.
        floor: the file of what real images measure.
    """
    return {
        "robustness": [{**read_json(path), **trained(weights)} for path, weights in zip(robustness, classifiers, strict=True)],
        "autoattack": [read_json(path) for path in stronger],
        "floor": read_json(floor),
        "samples": {variant: read_metrics(metrics, variant) for variant in variants},
    }


def trained(weights):
    """How a classifier was trained, from the sidecar of its weights, and on what machine, from their record."""
    info, made = read_sidecar(weights), records.read(weights)
    machine = {key: made.get(key) for key in ("commit", "dirty", "python", "packages", "platform", "cpus", "threads", "gpu")}
    return {**{key: info.get(key) for key in ("training", "attack", "history")}, "provenance": machine}


def first_samples(paths, variant, scale, count):
    """The first `count` samples of a variant at a scale, uint8 (sample, channel, height, width).

    Args:
        paths: files `samples/<variant>/<scale>/0.npz`: first shards.

    Raises ValueError if the shard holds fewer.
    """
    path = next(path for path in paths if Path(path).parts[-3:-1] == (variant, f"{scale:g}"))
    images = load_arrays(path)["images"]
    if len(images) < count:
        raise ValueError(f"{path} holds {len(images)} samples where {count} are to be shown; lower `sampling.shards`")
    return images[:count]


def quality(inputs, name, key):
    """A measure of an unguided system, one value a set."""
    return at_scale(read_metrics(inputs.metrics, name), 0)[key]
