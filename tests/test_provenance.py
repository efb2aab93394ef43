"""Records of results, and the way back along them."""

from pathlib import Path

import pytest

from energyguide.files import records
from energyguide.files.atomic import read_json, write_text
from energyguide.run.machine import provenance
from energyguide.run.provenance import chain, keep_configuration, trace

EXPERIMENT = {"seed": 0, "data": {"size": 8}}
DATA, WEIGHTS, NUMBERS = "results/a/data.json", "results/a/nets/w.json", "results/a/numbers.tex"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A data file, weights from it, and numbers from both, with their records."""
    monkeypatch.chdir(tmp_path)
    write_text("code.py", "1")
    keep_configuration("results/a", EXPERIMENT)

    def job(path, inputs, text):
        write_text(path, text)
        about = {"rule": Path(path).stem, "wildcards": {}, "params": {"lr": 0.5, "layers": [1, 2]}, "seconds": 1.0} | provenance()
        records.record([path], inputs=records.checked(["code.py", *inputs]), **about)

    job(DATA, [], "[1]")
    job(WEIGHTS, [DATA], "[2]")
    job(NUMBERS, [WEIGHTS, DATA], r"\newcommand{\best}{3}")


def test_a_record_tells_what_made_a_file(made):
    found = records.read(WEIGHTS)
    assert found["rule"] == "w" and found["inputs"].keys() == {"code.py", DATA} and found["packages"]["torch"]
    assert read_json(records.configuration_of(WEIGHTS, found["configuration"])) == EXPERIMENT
    assert records.read("code.py") is None and records.read("results/a/none.json") is None
    assert records.holds([DATA, WEIGHTS]) and not records.holds([DATA, "results/a/none.json"])


@pytest.mark.parametrize("content", ["", "[2", "[3]"])
def test_a_file_that_is_not_what_its_job_wrote_is_named_and_not_used(made, content):
    Path(WEIGHTS).write_text(content)
    with pytest.raises(ValueError, match="results/a/nets/w.json is damaged.*delete it and run again"):
        records.checked([DATA, WEIGHTS])
    assert not records.holds([WEIGHTS])


def test_the_chain_ends_at_the_data(made):
    found = [(depth, path) for depth, path, _ in chain(NUMBERS)]
    assert found == [(0, NUMBERS), (1, "code.py"), (1, WEIGHTS), (2, "code.py"), (2, DATA), (3, "code.py"), (1, DATA)]
    text = trace("best", [NUMBERS])
    assert text.startswith(r"\newcommand{\best}{3}" f"\n{NUMBERS}") and f"    {DATA}  " in text and "(above)" in text
    assert trace(NUMBERS, [NUMBERS]) == text.partition("\n")[2] and "CHANGED" not in text
    write_text(DATA, "[4]")
    assert "IT HAS CHANGED SINCE" in trace(WEIGHTS, [NUMBERS])
    with pytest.raises(ValueError, match="code.py has no record"):
        trace("code.py", [NUMBERS])
