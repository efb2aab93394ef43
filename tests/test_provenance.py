"""Records of results, the way back along them, and results that were made elsewhere."""

import shutil
from pathlib import Path

import pytest

from energyguide.files import records
from energyguide.files.atomic import read_json, write_json, write_text
from energyguide.run.machine import provenance
from energyguide.run.provenance import Checkout, chain, difference, trace

DATA, WEIGHTS, NUMBERS = "results/a/data.json", "results/a/nets/w.json", "results/a/numbers.tex"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A data file, weights from it, and numbers from both, with their records; in a checkout of their own."""
    monkeypatch.chdir(tmp_path)
    write_text("code.py", "1")
    checkout = Checkout("results/a", {"seed": 0, "data": {"size": 8}})
    checkout.claim()

    def job(path, inputs, text):
        write_text(path, text)
        about = {"rule": Path(path).stem, "wildcards": {}, "params": {"lr": 0.5, "layers": [1, 2]}, "seconds": 1.0} | provenance()
        records.record([path], inputs=records.checked(["code.py", *inputs]), **about)

    job(DATA, [], "[1]")
    job(WEIGHTS, [DATA], "[2]")
    job(NUMBERS, [WEIGHTS, DATA], r"\newcommand{\best}{3}")
    return checkout


def test_a_record_tells_what_made_a_file(made):
    found = records.read(WEIGHTS)
    assert found["rule"] == "w" and found["inputs"].keys() == {"code.py", DATA} and found["packages"]["torch"]
    assert read_json(records.configuration_of(WEIGHTS, found["configuration"])) == made.experiment
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
    text = trace("best", NUMBERS)
    assert text.startswith(r"\newcommand{\best}{3}" f"\n{NUMBERS}") and f"    {DATA}  " in text and "(above)" in text
    assert trace(NUMBERS, NUMBERS) == text.partition("\n")[2] and "CHANGED" not in text
    write_text(DATA, "[4]")
    assert "IT HAS CHANGED SINCE" in trace(WEIGHTS, NUMBERS)
    with pytest.raises(ValueError, match="code.py has no record"):
        trace("code.py", NUMBERS)


def test_results_of_another_checkout_are_taken_only_where_they_would_be_the_same(made, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree("results", elsewhere / "results")
    shutil.copy("code.py", elsewhere)
    monkeypatch.chdir(elsewhere)
    here = Checkout("results/a", made.experiment)

    def same(rule, wildcards):
        return {"lr": 0.5, "layers": (1, 2)}

    here.check(same)
    with pytest.raises(ValueError, match="made elsewhere, with other params .lr is 0.5 there, 0.1 here.; move results/a away"):
        here.check(lambda rule, wildcards: {"lr": 0.1})
    write_text("code.py", "2")
    with pytest.raises(ValueError, match="made elsewhere, with another code.py; move results/a away"):
        here.check(same)
    here.check(lambda rule, wildcards: None)  # nothing of it is asked for any more
    here.claim()  # a run that makes some of them does not make the rest its own
    with pytest.raises(ValueError, match="another code.py"):
        here.check(same)
    here.claim([DATA, WEIGHTS, NUMBERS])  # from here on Snakemake sees what changes
    here.check(same)


def test_difference_names_the_first_key():
    assert difference({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}}) == "b.d is 3 there, 4 here"
    assert difference({"a": 1, "z": 0}, {"a": 1}) == "z is 0 there, None here"


def test_results_without_records_are_left_to_snakemake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json("results/a/x.json", 1)
    Checkout("results/a", {}).check(lambda rule, wildcards: {})
    assert not (tmp_path / ".snakemake").exists()
