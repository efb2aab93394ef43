"""What is said where a run cannot go on, and that nothing made is lost."""

import os
import subprocess
import sys

import pytest
import yaml
from project import TEX, checksums, copy, duplicate, snakemake

from energyguide.run.logs import kept


def test_what_was_cut_off_is_named_and_not_used(built, tmp_path):
    """As a loss of power may leave files: weights, samples and a measurement."""
    tree = duplicate(built, tmp_path)
    cut = {"diffusion/joint.safetensors": 1000, "samples/time-vanilla/4/0.npz": 0, "metrics/ddpm.json": 300}
    for name, size in cut.items():
        path = tree / "results/tiny" / name
        before = path.stat().st_mtime_ns
        os.truncate(path, size)
        os.utime(path, ns=(before, before))  # so that nothing but its content tells
    readers = ["table_networks", "survey", "table_summary"]
    run = snakemake(tree, *readers, "--keep-going", "--forcerun", *readers, check=False)
    assert run.returncode == 1
    for name in cut:
        assert f"results/tiny/{name} is damaged: its checksum is not the one in results/tiny/provenance/{name}.json" in run.stderr
    for name in list(cut)[1:]:
        (tree / "results/tiny" / name).unlink()
    snakemake(tree, "survey", "table_summary")
    assert checksums(tree / "results/tiny/samples") == checksums(built / "results/tiny/samples")


def test_a_run_beside_another_on_the_same_results_is_refused_and_one_that_makes_nothing_is_not(tmp_path):
    """As where two checkouts share them; Snakemake's own lock is of a checkout. The lock goes with the process that held it."""
    tree = copy(tmp_path)
    claim = "from energyguide.run import locks; locks.claim('results/tiny'); print(flush=True); input()"
    environment = {**os.environ, "PYTHONPATH": "workflow"}
    with subprocess.Popen(
        [sys.executable, "-c", claim], cwd=tree, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        run = snakemake(tree, "data", check=False)
        assert run.returncode and f"results/tiny: another run is at work there, process {other.pid} on " in run.stderr
        assert not (tree / "results/tiny/data").exists()
        assert snakemake(tree, "usage").returncode == 0
        other.kill()
    snakemake(tree, "data")


def test_bad_configuration_is_one_line_before_any_job(tmp_path):
    tree = copy(tmp_path)
    run = snakemake(tree, "--config", "experiment=nothing", check=False, config=[])
    lines = [line for line in (run.stdout + run.stderr).strip().split("\n") if "experiment" in line]
    assert run.returncode and len(lines) == 1 and "'nothing' is not one of" in lines[0]
    assert "Traceback" not in run.stdout + run.stderr


def test_a_failed_job_says_what_is_wrong_in_one_line_at_the_end_of_its_log(tmp_path):
    tree = copy(tmp_path)
    config = yaml.safe_load((tree / "tests/tiny.yaml").read_text())
    config["experiments"]["tiny"]["data"] |= {"source": "imagefolder", "path": "nowhere"}
    (tree / "tests/tiny.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(tree, "data", check=False)
    last = (tree / "results/tiny/logs/data.log").read_text().strip().split("\n")[-1]
    assert run.returncode and last.startswith("data: nowhere/train is missing") and "Traceback" not in last


def test_a_run_that_failed_ends_with_who_and_why_and_does_the_rest(tmp_path):
    """Three jobs: one fails, one is killed, one is finished. None of the older logs is taken for theirs."""
    tree = copy(tmp_path)
    logs = tree / "results/tiny/logs"
    logs.mkdir(parents=True)
    for name in ("densities", "reference"):
        kept(logs / f"{name}.log").write_text(
            f"2026-11-21 12:31:18 on node7: {name}\nfailed: 1.0 s, 9 MB, 0 GPUs\n{name}: of old\n"
        )
    for script, crime in (
        ("prepare_data", "raise ValueError('no images')"),
        ("guided_densities", "import os; os.kill(os.getpid(), 9)"),
    ):
        path = tree / f"workflow/scripts/{script}.py"
        path.write_text(path.read_text().replace("with job(snakemake):\n", f"with job(snakemake):\n    {crime}\n"))
    drawn = "results/tiny/figures/schedulers.pdf"
    run = snakemake(tree, "data", "results/tiny/densities.npz", drawn, "--keep-going", "--retries", "1", check=False)
    told = run.stderr.partition("\n2 jobs did not finish:\n")[2].partition("Complete log(s)")[0]
    *lines, advice = [line.strip() for line in told.split("\n") if line]
    reasons = dict(zip(lines[1::2], lines[::2], strict=True))
    assert run.returncode and (tree / drawn).exists() and advice.startswith("Mend the reason")
    assert reasons.keys() == {"results/tiny/logs/data.log", "results/tiny/logs/densities.log"}
    assert reasons["results/tiny/logs/data.log"] == "data: no images"
    assert reasons["results/tiny/logs/densities.log"].startswith("densities: killed before it could say why")
    assert (logs / "data.log").read_text().count("\ndata: no images\n") == 2  # both attempts
    assert (logs / "densities.log").read_text().startswith("2026-11-21 12:31:18 on node7")


@pytest.mark.skipif(not TEX, reason="needs latexmk; `make tex` installs it")
def test_an_undefined_number_fails_the_paper(built, tmp_path):
    tree = duplicate(built, tmp_path)
    conclusion = tree / "paper/sections/conclusion.tex"
    conclusion.write_text(conclusion.read_text() + "\n\\notMeasured{}\n")
    run = snakemake(tree, "pdf", check=False)
    log = (tree / "results/tiny/logs/paper.log").read_text()
    assert run.returncode and "Undefined control sequence" in log and "notMeasured" in log
