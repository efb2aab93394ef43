"""Two files of measurements side by side (`snakemake measured`): which numbers differ by more than chance makes them."""

import math
from dataclasses import dataclass

import numpy as np

from energyguide.metrics.scales import finite

TIMES = {"seconds_per_image"}


@dataclass(frozen=True)
class Measured:
    """A measured number: its mean, its standard error, and the degrees of freedom of that."""

    mean: float
    error: float
    freedom: float

    @classmethod
    def of_sets(cls, values):
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5, len(values) - 1)

    @classmethod
    def of_share(cls, share, n):
        return cls(share, (share * (1 - share) / n) ** 0.5, math.inf)


def numbers(found):
    """Every number with an uncertainty, by what it is of: accuracies under attack, and measures of samples over sets."""
    named = {}
    for kind in ("robustness", "autoattack"):
        for result in found.get(kind, []):
            protocol = result["protocol"]
            for eps, share in result["accuracy"].items():
                name = f"accuracy under {protocol['attack']}, eps-train {result['eps_train']:g}, eps-test {float(eps):g}"
                named[name] = Measured.of_share(share, protocol["n"])
    for variant, metrics in found["samples"].items():
        for point, result in finite(metrics["scales"]).items():
            for key, values in result.items():
                if isinstance(values, list) and len(values) > 1 and key not in TIMES:
                    named[f"{key} of {variant} at {point}"] = Measured.of_sets(values)
    return named


def compare(ours, theirs):
    """Rows of how the numbers of two files differ, the largest differences first.

    `units` is the difference in units of half its 95 % interval, by Welch's t: within 1, the two agree. Numbers that only one
    file has are new, or gone; those that have no spread agree where they are equal.
    """
    a, b, rows = numbers(ours), numbers(theirs), []
    for name in a | b:
        if name not in b or name not in a:
            rows.append({"number": name, "state": "new" if name in a else "gone"})
            continue
        difference, margin = a[name].mean - b[name].mean, half_interval(a[name], b[name])
        units = difference / margin if margin else math.copysign(math.inf, difference) if difference else 0.0
        state = "agrees" if abs(units) <= 1 else "differs"
        both = {"ours": a[name].mean, "theirs": b[name].mean}
        rows.append({"number": name, "state": state, **both, "difference": difference, "margin": margin, "units": units})
    return sorted(rows, key=lambda row: -abs(row.get("units", 0)))


def half_interval(a, b):
    """Half the 95 % interval of a difference of independent means (Welch 1947)."""
    from scipy.special import stdtrit

    squares = [n.error**2 for n in (a, b)]
    if not sum(squares):
        return 0.0
    shared = sum(square**2 / n.freedom for square, n in zip(squares, (a, b), strict=True))
    return float(stdtrit(sum(squares) ** 2 / shared if shared else 1e9, 0.975)) * sum(squares) ** 0.5


def summary(rows):
    """One line on how many numbers agree."""
    states = [row["state"] for row in rows]
    both = len(rows) - states.count("new") - states.count("gone")
    words = {"new": "only here", "gone": "only there"}
    alone = "".join(f"; {states.count(state)} {word}" for state, word in words.items() if state in states)
    return f"{states.count('agrees')} of {both} numbers agree within their 95 % intervals{alone}"
