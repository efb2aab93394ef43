"""The paper on a cluster: a real Slurm, started here, with pretended GPUs. What ran where is read from Slurm's own records."""

import re
import subprocess

import pytest
from lab import Lab, why_not
from project import SNAKEMAKE, TINY, checksums, copy

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"no Slurm can be started: {why_not()}")

LOCAL = {"all", "parts", "pdf", "numbers", "survey"}
ON_CPU = {"data", "densities"}
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("slurm")) as lab:
        yield lab


def run(tree, *targets):
    command = [SNAKEMAKE, *targets, "--profile", "slurm", *TINY, "--config", "experiment=tiny", *QUICK]
    finished = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def rule_of(record):
    return re.match(r"rule_(\w+?)_wildcards|rule_(\w+)", record["Comment"]).group(1) or record["Comment"].removeprefix("rule_")


def most_at_once(records):
    """The largest number of records that ran at the same time."""
    events = sorted([(r["StartTime"], 1) for r in records] + [(r["EndTime"], -1) for r in records])
    running = peak = 0
    for _, step in events:
        running += step
        peak = max(peak, running)
    return peak


def test_the_whole_paper(lab, built, tmp_path):
    """Every file has the bits of the run on one machine; GPU rules got one GPU each on GPU nodes, the rest ran beside them."""
    tree = copy(tmp_path)
    run(tree, "parts")
    made, expected = checksums(tree / "results"), checksums(built / "results")
    assert made and made == {name: expected[name] for name in made}
    records = [r for r in lab.jobs() if r["WorkDir"] == str(tree)]
    rules = {rule_of(r) for r in records}
    assert {"diffusion", "classifier", "time_classifier", "sample", "metrics", "data"} <= rules and not rules & LOCAL
    assert not any(rule.startswith(("table_", "figure_")) for rule in rules)
    for record in records:
        wanted = "cpu" if rule_of(record) in ON_CPU else "gpu"
        assert record["JobState"] == "COMPLETED" and record["Partition"] == wanted and record["NodeList"].startswith(wanted)
        assert ("gres:gpu:1" in record.get("TresPerJob", "")) == (wanted == "gpu")
    assert 1 < most_at_once([r for r in records if r["Partition"] == "gpu"]) <= lab.gpus
