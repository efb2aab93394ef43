"""Numbers with their uncertainty, and how two of them compare."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Number:
    """A measured number with its uncertainty."""

    mean: float
    std: float

    @classmethod
    def of(cls, values):
        """Mean and standard deviation of one number a set."""
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0)


def compare(a, b, higher, lower, same):
    """One of three phrases, by whether two `Number`s differ by more than their uncertainties together."""
    if abs(a.mean - b.mean) <= (a.std**2 + b.std**2) ** 0.5:
        return same
    return higher if a.mean > b.mean else lower
