"""The measurements of a variant at all of its guidance scales, and the best scale: chosen on one set, reported on the others."""

from pathlib import Path

from energyguide.files.atomic import read_json

CHOICE = "choice"  # what a scale is chosen by: a measure of the first set, which enters no other number


def finite(results):
    """Those of some results, by scale or by name, that have measures: the others diverged."""
    return {name: result for name, result in results.items() if "diverged" not in result}


def best(results):
    """The scale with the lowest Frechet joint distance of the first set; the first scale where all diverged."""
    line = finite(results)
    return min(line, key=lambda scale: line[scale][CHOICE]) if line else next(iter(results))


def join(parts):
    """The measurements of a variant, from those at each of its scales; `best` is the scale chosen."""
    found = {scale: result for part in parts for scale, result in part["scales"].items()}
    scales = dict(sorted(found.items(), key=lambda item: float(item[0])))
    evaluations = [max(counts) for counts in zip(*(part["evaluations"] for part in parts), strict=True)]
    return {**parts[0], "evaluations": evaluations, "scales": scales, "best": float(best(scales))}


def read_metrics(paths, variant):
    """The measurements of a variant, from its file `metrics/<variant>.json` among these."""
    return read_json(next(path for path in paths if Path(path).stem == variant))


def at_scale(metrics, scale):
    return metrics["scales"][f"{scale:g}"]
