"""The Frechet distance between two Gaussians: of features of images it is the FID (Heusel et al. 2017)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch_fidelity.metric_fid import fid_features_to_statistics


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian by its mean `mu` (feature,) and covariance `sigma` (feature, feature)."""

    mu: np.ndarray
    sigma: np.ndarray

    @cached_property
    def root(self):
        """The symmetric square root of the covariance."""
        values, vectors = np.linalg.eigh(self.sigma)
        return vectors * np.sqrt(values.clip(min=0)) @ vectors.T


def moments(features):
    """The `Gaussian` of features (n, feature), as torch-fidelity fits it. Raises ValueError for fewer than two images."""
    if len(features) < 2:
        raise ValueError(f"a set of {len(features)} images has no covariance, which the FID needs; add images")
    return Gaussian(**fid_features_to_statistics(features))


def frechet(first, second):
    """Frechet distance, in [0, inf), between two `Gaussian`s; the root of the second covariance is computed once.

    |mu1 - mu2|^2 + tr(S1) + tr(S2) - 2 tr((R S1 R)^(1/2)) with R^2 = S2; that matrix is symmetric, with the eigenvalues of S1 S2.
    They are rounded, so that of equal sets the sum may come out a little below 0.
    """
    shift, product = first.mu - second.mu, second.root @ first.sigma @ second.root
    trace = np.sqrt(np.linalg.eigvalsh(product).clip(min=0)).sum()
    return float(np.maximum(shift @ shift + np.trace(first.sigma) + np.trace(second.sigma) - 2 * trace, 0))
