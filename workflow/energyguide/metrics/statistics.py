"""Numbers with their uncertainty, and which differences between them can be told from chance.

All variants share the noise of their samples, set by set, so that they are compared by paired differences.
"""

import math
from dataclasses import dataclass

import numpy as np

ALPHA = 0.05  # how often the comparisons that answer one question may claim any difference where there is none
NORMAL = 1.959964  # standard errors in half of a 95 % interval


@dataclass(frozen=True)
class Number:
    """A measured number with its uncertainty."""

    mean: float
    std: float

    @classmethod
    def of(cls, values):
        """Mean and standard deviation of one number a set."""
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0)


@dataclass(frozen=True)
class Difference:
    """The mean difference a - b of two measures over the same sets, by Student's paired t.

    Attributes:
        mean: in the unit of the measures.
        margin: half of its 95 % interval; infinite for a single set.
        p: two-sided, of no difference.
    """

    mean: float
    margin: float
    p: float

    @classmethod
    def of(cls, a, b):
        """From one number a set of each. Raises ValueError if they are of different sets: not equally many."""
        from scipy.special import stdtr, stdtrit  # scipy.stats takes a second longer to import

        differences = np.subtract(a, b, dtype=float) if len(a) == len(b) else None
        if differences is None:
            raise ValueError(f"{len(a)} and {len(b)} sets cannot be paired")
        n, mean = len(differences), float(differences.mean())
        if n < 2:
            return cls(mean, np.inf, 1.0)
        error = float(differences.std(ddof=1)) / n**0.5
        if error == 0:
            return cls(mean, 0.0, float(mean == 0))
        return cls(mean, float(stdtrit(n - 1, 1 - ALPHA / 2)) * error, float(2 * stdtr(n - 1, -abs(mean) / error)))

    @classmethod
    def of_means(cls, a, b):
        """By a normal test, from mean and standard error of each: of independent numbers, over many draws."""
        error = math.hypot(a[1], b[1])
        return cls(a[0] - b[0], NORMAL * error, math.erfc(abs(a[0] - b[0]) / error / 2**0.5))


def holm(p):
    """Which hypotheses fall when at most one family in twenty may lose a true one (Holm 1979); a flag for each p."""
    p, rejected = np.asarray(p, dtype=float), np.zeros(len(p), dtype=bool)
    for rank, place in enumerate(p.argsort(kind="stable")):
        if p[place] > ALPHA / (len(p) - rank):
            break
        rejected[place] = True
    return rejected


def verdicts(pairs):
    """What may be said of the comparisons that answer one question: 1 where a is higher, -1 lower, 0 where it cannot be told.

    Args:
        pairs: name -> (a, b), each with one number a set.

    Returns a sign for each name.
    """
    return signs({name: Difference.of(a, b) for name, (a, b) in pairs.items()})


def signs(differences):
    """The same from the `Difference`s themselves, by name, whatever test they are by."""
    told = holm([difference.p for difference in differences.values()])
    return {name: int(np.sign(d.mean)) * bool(t) for (name, d), t in zip(differences.items(), told, strict=True)}


def wilson(share, n):
    """The ends of the 95 % interval of a share of n independent trials, in [0, 1] (Wilson 1927)."""
    z = NORMAL
    centre, spread = share + z**2 / (2 * n), z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return tuple(min(max(end / (1 + z**2 / n), 0.0), 1.0) for end in (centre - spread, centre + spread))
