"""The paper on a cluster: a real Slurm, started here, with pretended GPUs. What ran where is read from Slurm's own records."""

import os
import re
import shlex

from driver import TRAINING, Driver, config
from project import SNAKEMAKE, checksums, copy, duplicate

LOCAL = {"all", "parts", "pdf", "numbers", "survey"}
ON_CPU = {"data", "densities", "units"}


def rule_of(record):
    """The rule of a job, or of all jobs of a group."""
    name = record["Comment"].removeprefix("rule_").split("_wildcards")[0]
    return re.sub(r"^(samples|measurements)_|_\d+$", "", name)


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
    Driver(tree, "parts").succeed()
    made, expected = checksums(tree / "results"), checksums(built / "results")
    assert made and made == {name: expected[name] for name in made}
    records = lab.jobs(tree)
    rules = {rule_of(r) for r in records}
    assert {"diffusion", "classifier", "time_classifier", "sample", "metrics", "data"} <= rules and not rules & LOCAL
    assert not any(rule.startswith(("table_", "figure_")) for rule in rules)
    for record in records:
        wanted = "cpu" if rule_of(record) in ON_CPU else "gpu"
        assert record["JobState"] == "COMPLETED" and record["Partition"] == wanted and record["NodeList"].startswith(wanted)
        assert ("gres:gpu:1" in record.get("TresPerJob", "")) == (wanted == "gpu")
    assert 1 < most_at_once([r for r in records if r["Partition"] == "gpu"]) <= lab.gpus


def test_a_whole_node_by_the_profile_for_workstations(lab, built, tmp_path, monkeypatch):
    """One allocation with all GPUs of a node: as many jobs run at once as there are, and each loads the site's modules."""
    tree = duplicate(built, tmp_path / "tree")
    targets = [f"results/tiny/samples/ddpm/0/{k}.npz" for k in range(2)]
    before = checksums(tree / "results/tiny/samples/ddpm")
    for target in targets:
        (tree / target).unlink()
    module = tmp_path / "bin/module"
    module.parent.mkdir()
    module.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/loaded\n')
    module.chmod(0o755)
    monkeypatch.setenv("PATH", f"{module.parent}:{os.environ['PATH']}")
    command = [SNAKEMAKE, *targets, "--workflow-profile", "workstation", *config(tree, site={"modules": ["gcc/13.2"]})]
    gpus = ["-p", "gpu", "--nodes=1", "--exclusive", f"--gpus-per-node={lab.per_node}"]
    lab.run("sbatch", "--wait", *gpus, "-D", tree, "-o", tmp_path / "said", "--wrap", shlex.join(map(str, command)))
    assert re.search(rf"Provided resources: gpu=.*\b{lab.per_node}\b", (tmp_path / "said").read_text())
    assert (tmp_path / "loaded").read_text().splitlines() == ["load gcc/13.2"] * len(targets)
    assert checksums(tree / "results/tiny/samples/ddpm") == before


def test_a_job_that_fails_for_good_is_named_and_the_others_go_on(lab, built, tmp_path):
    tree = duplicate(built, tmp_path)
    script, before = tree / "workflow/scripts/guided_densities.py", checksums(tree / "results/tiny/classifiers")
    script.write_text(
        script.read_text().replace("with job(snakemake):\n", "with job(snakemake):\n    raise ValueError('no steps')\n")
    )
    (tree / TRAINING).unlink()
    site = config(tree, site={"cpu_partition": None, "extra": "--nice=7"})  # the cluster's default partition, and an option more
    driver = Driver(tree, "results/tiny/densities.npz", TRAINING, "--retries", "1", *site)
    assert driver.wait()
    last = driver.said.read_text().partition("1 job did not finish:")[2]
    assert "densities: no steps\n" in last and "results/tiny/logs/densities.log\n" in last and "Mend the reason" in last
    assert checksums(tree / "results/tiny/classifiers") == before
    states = [(rule_of(job), job["JobState"]) for job in lab.jobs(tree)]
    assert sorted(states) == [("classifier", "COMPLETED"), ("densities", "FAILED"), ("densities", "FAILED")]
    assert {(job["Partition"], job["Nice"]) for job in lab.jobs(tree)} == {("cpu", "7"), ("gpu", "7")}
