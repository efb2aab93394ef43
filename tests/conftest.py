"""What the tests share: one thread, and a world whose noise, posterior and energies are known in closed form."""

import os

import pytest
import torch
from project import NAMESPACE, OFFLINE, SECRET, TEX, copy, snakemake

from energyguide.mixture import Mixture

torch.set_num_threads(1)


@pytest.fixture
def mixture():
    """Three Gaussians of different weights and widths."""
    means = [[-1.0, 0.5], [0.8, 0.9], [0.4, -1.2]]
    return Mixture([0.5, 0.3, 0.2], means, [[0.04, 0.09], [0.16, 0.01], [0.25, 0.09]])


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A copy of the project in which the tiny experiment was built, with its PDF where there is a TeX; without network."""
    tree = copy(tmp_path_factory.mktemp("project"))
    environment = {**os.environ, "API_TOKEN": SECRET}
    snakemake(tree, "all" if TEX else "parts", before=NAMESPACE if OFFLINE else (), env=environment)
    return tree
