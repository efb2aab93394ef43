"""The measurements of a variant by guidance scale, and the best scale."""

from pathlib import Path

import numpy as np

from energyguide.files.atomic import read_json


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
    """The scale with the lowest Frechet joint distance to the training images; the smallest of all where all diverged."""
    line = finite(metrics["scales"])
    return float(min(line, key=lambda scale: np.mean(line[scale]["fjd_train"])) if line else next(iter(metrics["scales"])))


def at_scale(metrics, scale):
    return metrics["scales"][f"{scale:g}"]
