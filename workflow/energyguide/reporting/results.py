"""Reading the measurements back."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from energyguide.storage import load_arrays, read_json, read_sidecar

UNITS = {  # what a guidance scale multiplies, as mathematics
    "sigma": r"$\sigma_t$",
    "sigma2": r"$\sigma_t^2$",
    "standard": r"$\sqrt{1-\bar\alpha_t}$",
    "sigmoid": r"$\hat\sigma_t$",
    "eps": r"$\sqrt{1-\bar\alpha_t}$ on $\epsilon$",
    "difference": r"$\Delta\epsilon$",
}


@dataclass(frozen=True)
class Number:
    """A measured number with its uncertainty."""

    mean: float
    std: float

    @classmethod
    def of(cls, values):
        """Mean and standard deviation of one number a set."""
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0)


def read_metrics(paths, variant):
    """All scales of a variant, from its files `metrics/<variant>/<scales>.json`, as one measurement."""
    parts = [read_json(path) for path in paths if Path(path).parent.name == variant]
    scales = {scale: result for part in parts for scale, result in part["scales"].items()}
    evaluations = [max(counts) for counts in zip(*(part["evaluations"] for part in parts), strict=True)]
    return {**parts[0], "evaluations": evaluations, "scales": dict(sorted(scales.items(), key=lambda item: float(item[0])))}


def finite(results):
    """Those of some results, by scale or by name, that have measures: the others diverged."""
    return {name: result for name, result in results.items() if "diverged" not in result}


def best_scale(metrics):
    """The scale with the least Frechet joint distance to the training images; the smallest of all where all diverged."""
    line = finite(metrics["scales"])
    return float(min(line, key=lambda scale: np.mean(line[scale]["fjd_train"])) if line else next(iter(metrics["scales"])))


def at_scale(metrics, scale):
    return metrics["scales"][f"{scale:g}"]


def gather(robustness, classifiers, metrics, floor, variants):
    """All measurements as one mapping: robustness by eps-train, and samples by variant, each with its protocol and machine.

    Args:
        robustness: files `robustness/<classifier>.json`.
        classifiers: weights of the same classifiers, for how they were trained.
        metrics: files `metrics/<variant>/<scales>.json`, of these `variants`.
        floor: the file of what real images measure.
    """
    trained = map(read_sidecar, classifiers)
    return {
        "robustness": [
            {**read_json(path), **{key: info.get(key) for key in ("training", "attack", "history", "provenance")}}
            for path, info in zip(robustness, trained, strict=True)
        ],
        "floor": read_json(floor),
        "samples": {variant: read_metrics(metrics, variant) for variant in variants},
    }


def first_samples(paths, variant, scale, count):
    """The first `count` samples of a variant at a scale, uint8 (sample, channel, height, width).

    Args:
        paths: files `samples/<variant>/<scales>/0.npz`: first shards.

    Raises ValueError where the shard holds fewer.
    """
    scale = f"{scale:g}"
    own = [path for path in map(Path, paths) if path.parts[-3] == variant and scale in path.parts[-2].split("_")]
    images = load_arrays(own[0])[scale]
    if len(images) < count:
        raise ValueError(f"{own[0]} holds {len(images)} samples where {count} are to be shown; lower `sampling.shards`")
    return images[:count]
