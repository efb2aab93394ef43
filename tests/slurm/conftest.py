"""The cluster, started once, and the results that an undisturbed run ends in."""

import pytest
from driver import LONG, TARGETS, config
from lab import Lab, why_not
from project import duplicate, snakemake

LACK = why_not()


def pytest_collection_modifyitems(items):
    if LACK:
        for item in items:
            if item.path.parent.name == "slurm":
                item.add_marker(pytest.mark.skip(reason=f"no Slurm can be started: {LACK}"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("slurm")) as lab:
        yield lab


@pytest.fixture(scope="session")
def undisturbed(built, tmp_path_factory):
    """A copy of the project in which a longer training and a longer sampling were run, without a cluster."""
    tree = duplicate(built, tmp_path_factory.mktemp("undisturbed"))
    snakemake(tree, *TARGETS, config=config(tree, **LONG))
    return tree
