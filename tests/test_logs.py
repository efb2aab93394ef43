"""What jobs write into their logs, what is read from there, and what a run that failed says at its end."""

import os
import re
import signal
import sys
from types import SimpleNamespace

import pytest
from tqdm import tqdm

from energyguide.files.atomic import write_json
from energyguide.run import job as script
from energyguide.run import logs
from energyguide.run.logs import kept
from energyguide.run.resume import Interrupted
from energyguide.run.usage import usage
from energyguide.run.watch import KILLED, SAYS_DONE, UNBEGUN, Watch, brief, report

ASKED = {"runtime": 60, "mem_mb": 8000, "gpu": 1, "tmpdir": "/tmp"}


@pytest.fixture
def attempt(tmp_path, monkeypatch):
    """Runs a body as a script does, its log removed before as Snakemake does; returns what the log holds then."""
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    log = tmp_path / "ddpm" / "0.5.log"
    log.parent.mkdir()

    def run(body, resources=ASKED):
        log.unlink(missing_ok=True)
        snakemake = SimpleNamespace(
            rule="sample",
            wildcards={"variant": "ddpm", "scales": "0.5"},
            params={},
            input=[],
            output=[],
            resources=resources,
            config={"site": {"grace": 120}},
            log=[str(log)],
        )
        try:
            with script.job(snakemake):
                body()
        except SystemExit as left:
            assert left.code in (1, script.INTERRUPTED)
        return log.read_text()

    return run


def throw(error):
    raise error


CLOSING = r"{}: \d+\.\d s of 60 min, (\d+) of 8000 MB, 0 GPUs\n"


@pytest.mark.parametrize(("every", "lines"), [(0, ["0", "1", "2"]), (60, [])])
def test_a_log_has_a_line_of_a_progress_bar_now_and_then(attempt, monkeypatch, every, lines):
    monkeypatch.setattr(logs, "EVERY", every)

    def work():
        for step in tqdm(range(2), unit="step", desc="joint", disable=None, mininterval=0):
            assert step < 2

    found = re.findall(r"(?m)^joint: +\d+% (\d)/2 \[.*step/s\]$", attempt(work))
    assert list(dict.fromkeys(found)) == lines


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Missing output files: a.npz", "not made yet"),
        ("Params have changed", "Params have changed"),
        (
            "Params have changed since last execution: " + "x " * 2000,
            r"Params have changed since last execution: [x ]{50,} \.\.\.",
        ),
    ],
)
def test_a_run_says_briefly_why_it_makes_something(reason, said):
    record = SimpleNamespace(event="job_info", msg=None, reason=reason)
    assert brief(record) and re.fullmatch(said, record.reason)
    assert not brief(SimpleNamespace(msg="Select jobs to execute...")) and brief(SimpleNamespace(msg="Nothing to be done"))


def test_a_log_tells_of_every_attempt_and_how_it_ended(attempt, tmp_path, capsys):
    ends = [
        (lambda: throw(ValueError("the scale\nis wrong")), "failed", "sample: the scale is wrong\n"),
        (lambda: throw(KeyError("a bug")), "failed", "sample: 'a bug'\n"),
        (lambda: throw(Interrupted("the state is saved")), "interrupted", "sample: the state is saved\n"),
        (
            lambda: os.kill(os.getpid(), signal.SIGTERM),
            "interrupted",
            "sample: stopped by a signal; run the same command to go on\n",
        ),
        (lambda: print("a word"), "done", ""),
    ]
    for body, verdict, reason in ends:
        told = re.search(CLOSING.format(verdict) + re.escape(reason) + r"\Z", attempt(body))
        assert 10 < int(told[1]) < 1 << 20 and capsys.readouterr().err == reason
        with open(kept(tmp_path / "ddpm/0.5.log"), "a") as file:
            file.write("killed in the middle of a li")
    text = attempt(lambda: throw(script.MadeMeanwhile()), resources={})
    begun = r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d on \S+: sample: variant=ddpm, scales=0\.5$"
    assert re.search(r"\nmade meanwhile: \d+\.\d s, \d+ MB, 0 GPUs\n\Z", text) and re.match(begun, text)
    assert len(re.findall(begun, text)) == 6 and text.count("Traceback") == 1 and "\na word\n" in text
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_gpus_are_those_asked_for_where_they_are_given(attempt, monkeypatch):
    def gpus():
        return int(re.search(r"(\d+) GPUs?\n\Z", attempt(lambda: None))[1])

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert gpus() == 0
    cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "a GPU")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, get_num_threads=lambda: 1))
    assert gpus() == 1
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert gpus() == 1


def test_usage_adds_up_jobs_by_rule_each_once_whatever_it_made(tmp_path):
    rows = [
        ("samples/0.npz", "sample", 0, {"attempts": 2, "seconds": 3600.0, "cpu_seconds": 7200.0, "device_seconds": 3600.0}),
        ("samples/1.npz", "sample", 1, {"attempts": 1, "seconds": 1800.0, "device_seconds": 0.0}),  # of old
        ("data.npz", "data", None, {"attempts": 1, "seconds": 900, "cpu_seconds": 1800, "device_seconds": 0}),
        ("floor.json", "data", None, {"attempts": 1, "seconds": 900, "cpu_seconds": 1800, "device_seconds": 0}),
    ]
    for name, rule, shard, spent in rows:
        write_json(tmp_path / f"provenance/{name}.json", {"rule": rule, "wildcards": {"shard": shard}, **spent})
    write_json(tmp_path / "provenance/run.json", {"configuration": "x"})
    write_json(tmp_path / "provenance/configurations/x.json", {"seed": 0})
    found = usage(tmp_path)
    assert list(found) == ["rule", "jobs", "attempts", "hours", "cpu_hours", "gpu_hours"]
    assert found.values.tolist() == [["sample", 2, 3, 1.5, 2.0, 1.0], ["data", 1, 1, 0.25, 0.5, 0.0]]
    assert list(usage(tmp_path / "nothing")) == list(found) and usage(tmp_path / "nothing").empty


BEGUN = "2026-11-21 12:31:18 on node7: sample: variant=ddpm\n"
DONE = BEGUN + "a word without an end\ndone: 1800.0 s of 60 min, 2000 of 8000 MB, 1 GPU\n"
SLICE = BEGUN + "interrupted: 3600.0 s of 60 min, 6000 of 8000 MB, 2 GPUs\nsample: the state is saved\n"
FAILED = BEGUN + "failed: 36.0 s of 120 min, 100 MB, 0 GPUs\nsample: no\n"


@pytest.fixture
def run(tmp_path):
    """A run of Snakemake: `begin`, `fail` and `finish` a job by its number, `write` its log; `report` at the end."""
    watch = Watch()

    def log(number):
        return str(tmp_path / f"{number}.log")

    def record(event, **fields):
        watch.handle(SimpleNamespace(event=event, **fields))

    def write(number, text):
        with open(kept(log(number)), "a") as file:
            file.write(text)

    return SimpleNamespace(
        log=log,
        write=write,
        begin=lambda number: record("job_info", jobid=number, rule_name="sample", log=[log(number)]),
        fail=lambda number, said=None, others=(): record("job_error", jobid=number, rule_msg=said, log=[log(number), *others]),
        fail_together=lambda numbers, others: record(
            "group_error", groupid="samples", aux_logs=others, job_error_info=[{"jobid": n} for n in numbers]
        ),
        finish=lambda number: record("job_finished", job_id=number),
        report=lambda: report(watch.unfinished.values()),
    )


SLURM = (
    "SLURM-job '7' failed, SLURM status is: '{}'. Detailed failure reason unavailable.For further error details see the cluster"
)


def test_a_run_that_failed_names_its_jobs_their_reasons_and_logs(run):
    for number in range(9):
        run.write(number, DONE + FAILED.replace("no", "an old story"))  # of earlier runs
        run.begin(number)
    for number in (0, 1, 2):
        run.write(number, BEGUN + FAILED)
        run.fail(number, SLURM.format("FAILED"), ["/slurm/7.log"])
    run.begin(1)
    run.write(1, DONE)
    run.finish(1)
    run.write(3, BEGUN)
    run.fail(3, SLURM.format("OUT_OF_MEMORY"), ["/slurm/8.log"])
    run.fail(
        4, "SLURM sbatch failed. The error message was 'no\nsuch partition'.\n    sbatch call:\n        sbatch --x\nFor further"
    )
    run.fail(5)
    run.write(6, DONE)
    run.write(7, SLICE)  # and is in the queue again
    assert run.report().split("\n") == [
        "6 jobs did not finish:",
        "",
        "  sample: no (2 jobs)",
        f"      {run.log(0)}",
        "      /slurm/7.log",
        f"      {run.log(2)}",
        f"  sample: {KILLED}; the cluster says OUT_OF_MEMORY",
        f"      {run.log(3)}",
        "      /slurm/8.log",
        "  sample: SLURM sbatch failed. The error message was 'no such partition'.",
        f"  sample: {UNBEGUN}",
        f"  sample: {SAYS_DONE}",
        f"      {run.log(6)}",
        "",
        "2 jobs ran or waited.",
        "",
        "Mend the reason and run the same command again: what is finished stays, and what was interrupted goes on.",
    ]


def test_jobs_that_fail_together_are_told_apart_by_their_logs(run):
    for number in range(4):
        run.begin(number)
    run.write(0, DONE)
    run.write(1, FAILED)
    run.fail_together((0, 1, 2), ["/slurm/0.log"])
    for number in range(3):
        run.fail(number)
    run.write(3, DONE)
    run.finish(3)
    report = run.report()
    assert report.startswith("3 jobs did not finish:") and "ran or waited" not in report
    assert f"  sample: no\n      {run.log(1)}\n      /slurm/0.log\n" in report
    assert f"  sample: {SAYS_DONE}\n      {run.log(0)}\n" in report and f"  sample: {UNBEGUN}\n      /slurm/0.log\n" in report


def test_many_jobs_that_fail_for_one_reason_take_few_lines(run):
    for number in range(400):
        run.begin(number)
        run.write(number, FAILED)
        run.fail(number)
    assert len(run.report().split("\n")) < 12 and "and 397 more" in run.report()


def test_a_record_that_is_not_understood_does_no_harm(capsys):
    Watch().handle(SimpleNamespace(event="job_error", jobid=1, msg="", args=()))
    assert "KeyError" in capsys.readouterr().err
