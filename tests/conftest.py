"""What the tests share: one thread, and a world whose noise, posterior and energies are known in closed form."""

import os
import shutil

import pytest
import torch
from filelock import FileLock
from project import NAMESPACE, OFFLINE, ROOT, SECRET, TEX, copy, fingerprint, snakemake

from energyguide.studies.mixture import Mixture

torch.set_num_threads(1)
os.environ["GIT_CEILING_DIRECTORIES"] = str(ROOT)  # the copy that is built in here is no checkout, as none elsewhere is


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where tests run side by side, those of the cluster follow one another: there is one."""
    from xdist.scheduler import LoadScopeScheduling

    class OneCluster(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "slurm" if nodeid.startswith("tests/slurm/") else nodeid

    return OneCluster(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What needs a cluster or a browser is left to `make test-system`."""
    for item in items:
        if item.path.parent.name == "slurm" or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.system)


@pytest.fixture
def mixture():
    """Three Gaussians of different weights and widths."""
    means = [[-1.0, 0.5], [0.8, 0.9], [0.4, -1.2]]
    return Mixture([0.5, 0.3, 0.2], means, [[0.04, 0.09], [0.16, 0.01], [0.25, 0.09]])


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def built(pytestconfig):
    """A copy of the project in which the tiny experiment was built, with its PDF where there is a TeX; without network.

    The first of the processes that run tests builds it, for all, and for later runs of the tests until a file changes
    that it is made from.
    """
    folder = pytestconfig.cache.mkdir("built")
    tree = folder / fingerprint()
    done = tree.with_suffix(".done")
    with FileLock(folder / "lock"):
        if not done.exists():
            for old in folder.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
                elif old.suffix == ".done":
                    old.unlink()
            tree.mkdir()
            environment = {**os.environ, "API_TOKEN": SECRET}
            snakemake(copy(tree), "all" if TEX else "parts", before=NAMESPACE if OFFLINE else (), env=environment)
            done.touch()
    return tree
