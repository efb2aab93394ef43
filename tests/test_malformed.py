"""The malformed inputs of tools/faults/malformed.py, given to the scripts themselves: the same lines, without Snakemake."""

import os
import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from faults import malformed  # noqa: F401 (its cases are among CASES)
from faults.cases import CASES, PREFERENCES, RELEASED, prepare
from project import ROOT

from energyguide.config.experiments import merge, resolve
from energyguide.config.files import load
from energyguide.config.parts import ConfigError
from energyguide.run.digests import code, code_of, named

PREFERENCE_FILES = {
    "answers": ["answers/tiny/anna.csv"],
    "survey": "results/tiny/survey.json",
    "published": "paper/published.csv",
}
SOURCE = "data/sources/{}"
JOBS = {  # target: its script and rule, what it reads, its params of an experiment, and what it makes
    "data": (
        "prepare_data",
        "data",
        {},
        lambda e: {
            "data": e.data.pixels(),
            "seed": e.seed,
            **code("prepare_data.py"),
            "named": named(SOURCE.format(e.data.source)),
        },
        {"data": "dataset.npz"},
    ),
    RELEASED: (
        "import_weights",
        "released",
        {},
        lambda e: {
            "release": e.weights["eps0.5"].dump(),
            "network": e.networks["eps0.5"].build,
            **code("import_weights.py"),
            "named": named("nets/resnet"),
        },
        {"weights": "net.out"},
    ),
    PREFERENCES: (
        "table",
        "table_preferences",
        PREFERENCE_FILES,
        lambda e: {
            "published": e.published,
            "topic": "survey",
            **code_of("table.py", "topics/survey", "table_preferences"),
        },
        {},
    ),
}


class Named(SimpleNamespace):
    """What Snakemake gives a script in place of a dictionary."""

    def items(self):
        return vars(self).items()

    def __iter__(self):
        """All values, one after another, as Snakemake flattens lists of them."""
        return (file for value in vars(self).values() for file in (value if isinstance(value, list) else [value]))

    def get(self, key, default=None):
        return vars(self).get(key, default)


def last_line(target, config):
    """What is said in the end, of a configuration that was read or else of the job that makes the target."""
    try:
        experiment, _ = resolve(merge(load("config.yaml"), config))
    except ConfigError as error:
        return str(error)
    script, rule, inputs, params, outputs = JOBS[target]
    log = Path("job.log")
    snakemake = Named(
        rule=rule,
        wildcards={},
        resources={},
        log=[str(log)],
        input=Named(**inputs),
        params=Named(**params(experiment)),
        output=Named(**outputs),
    )
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / f"workflow/scripts/{script}.py"), {"snakemake": snakemake})
    return log.read_text().strip().split("\n")[-1]


FAST = [case for case in CASES if case.fails and case.target in JOBS]


@pytest.mark.parametrize("case", FAST, ids=[case.name for case in FAST])
def test_a_malformed_input_ends_in_one_line_that_names_it(case, tmp_path, monkeypatch):
    if "closed" in case.name.split() and os.geteuid() == 0:
        pytest.skip("nothing is closed to root")
    for name in ("config.yaml", "tests/tiny.yaml", "paper/published.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    config = prepare(case, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert re.search(case.said, last_line(case.target, config))
    assert not (tmp_path / "mark").exists()
    assert not Path("job.log").exists() or "Traceback" not in Path("job.log").read_text()
