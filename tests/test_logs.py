"""What jobs write into their logs, what is read from there, and what a run that failed says at its end."""

import csv
import io
import os
import signal
import sys
from types import SimpleNamespace

import pytest

from energyguide.reporting.layout import csv_text
from energyguide.run import job as script
from energyguide.run.logs import header, kept, runs
from energyguide.run.resume import Interrupted
from energyguide.run.usage import COLUMNS, rounded, usage, usage_table
from energyguide.run.watch import KILLED, UNBEGUN, Watch, report

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


def test_a_log_tells_of_every_attempt_and_how_it_ended(attempt, tmp_path, capsys):
    attempt(lambda: throw(ValueError("the scale\nis wrong")))
    attempt(lambda: throw(KeyError("a bug")))
    attempt(lambda: throw(Interrupted("the state is saved")))
    attempt(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with open(kept(tmp_path / "ddpm/0.5.log"), "a") as file:
        file.write(f"\n{header('sample', {})}\nkilled in the middle of a li")
    attempt(lambda: print("a word"))
    text = attempt(lambda: throw(script.MadeMeanwhile()), resources={})
    first, second = runs(text)
    verdicts = ["failed", "failed", "interrupted", "interrupted", None, "done"]
    assert [a.verdict for a in first] == verdicts and [a.verdict for a in second] == ["made meanwhile"]
    assert all(a.rule == "sample" for a in first + second)
    assert [a.reason for a in first] == [
        "sample: the scale is wrong",
        "sample: 'a bug'",
        "sample: the state is saved",
        "sample: stopped by a signal; run the same command to go on",
        "",
        "",
    ]
    told = [a for a in first if a.verdict]
    assert all((a.minutes, a.megabytes_asked, a.gpus) == (60, 8000, 0) and 10 < a.megabytes < 1 << 20 for a in told)
    assert second[0].minutes is None and second[0].megabytes_asked is None
    assert text.count("Traceback") == 1 and "\na word\n" in text
    assert ": sample: variant=ddpm, scales=0.5\n" in text
    assert "sample: the scale is wrong\n" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_gpus_are_those_asked_for_where_they_are_given(attempt, monkeypatch):
    def gpus():
        return runs(attempt(lambda: None))[-1][0].gpus

    assert gpus() == 0
    cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "a GPU")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, get_num_threads=lambda: 1))
    assert gpus() == 1
    monkeypatch.delitem(sys.modules, "torch")
    assert gpus() == 0
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert gpus() == 1


BEGUN = "2026-11-21 12:31:18 on node7: sample: variant=ddpm\n"
DONE = BEGUN + "a word without an enddone: 1800.0 s of 60 min, 2000 of 8000 MB, 1 GPU\n"
SLICE = BEGUN + "interrupted: 3600.0 s of 60 min, 6000 of 8000 MB, 2 GPUs\nsample: the state is saved\n"
FAILED = BEGUN + "failed: 36.0 s of 120 min, 100 MB, 0 GPUs\nsample: no\n"


def test_a_log_that_is_cut_off_anywhere_can_be_read():
    text = "\n".join([SLICE, FAILED, DONE, SLICE])
    whole = [a.verdict for run in runs(text) for a in run]
    assert whole == ["interrupted", "failed", "done", "interrupted"]
    for end in range(len(text)):
        cut = [a.verdict for run in runs(text[:end]) for a in run]
        assert cut == whole[: len(cut)] or cut == [*whole[: len(cut) - 1], None]


def test_two_processes_at_work_on_the_same_are_one_run():
    (run,) = runs(BEGUN + DONE + "made meanwhile: 1.0 s, 1 MB, 0 GPUs\n")
    assert sorted(a.verdict for a in run) == ["done", "made meanwhile"] and sum(a.seconds for a in run) == 1801


def test_usage_is_of_the_runs_that_made_the_present_results(tmp_path):
    logs = {
        "sample/0": [SLICE, DONE, FAILED, BEGUN, SLICE, DONE],  # made anew, in four attempts, of which one was killed
        "sample/1": [FAILED, SLICE],  # unfinished
        "metrics/0": ["no header"],
        "data": ["\n", DONE.replace("sample", "data").replace("1 GPU", "0 GPUs")],
    }
    for name, parts in logs.items():
        path = kept(tmp_path / f"{name}.log")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes("\n".join(parts).encode() + b"\xff")
    records = usage(tmp_path)
    assert [tuple(record.values()) for record in records] == [
        ("sample", 2, 6, 1, pytest.approx(2.52), 4.5, 1.0, 0.75),
        ("data", 1, 1, 0, 0.5, 0, 0.5, 0.25),
        ("metrics", 1, 1, 1, 0, 0, None, None),
    ]
    lines = [line.split() for line in usage_table(records).split("\n")]
    assert lines[1] == ["sample", "2", "6", "2.520", "4.500", "100.0%", "75.0%"]
    assert lines[5] == ["total", "4", "8", "3.020", "4.500"] and lines[-1][-1] == "2"
    rows = list(csv.DictReader(io.StringIO(csv_text(rounded(records), COLUMNS))))
    assert float(rows[0]["hours"]) == 2.52 and rows[2]["memory_used"] == ""
    assert usage_table(usage(tmp_path / "nothing")).split("\n")[2].split() == ["total", "0", "0", "0.000", "0.000"]


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
        "  sample: done, says its log, but Snakemake has not seen its results",
        f"      {run.log(6)}",
        "",
        "2 jobs ran or waited.",
        "",
        "Mend the reason and run the same command again: what is finished stays, and what was interrupted goes on.",
    ]


def test_of_jobs_that_fail_together_the_guilty_are_named(run):
    for number in range(6):
        run.begin(number)
    run.write(0, DONE)
    run.write(1, FAILED)
    for numbers in [(0, 1, 2), (3, 4)]:
        run.fail_together(numbers, [f"/slurm/{numbers[0]}.log"])
        for number in numbers:
            run.fail(number)
    run.write(5, DONE)
    run.finish(5)
    report = run.report()
    assert report.startswith("3 jobs did not finish:") and "ran or waited" not in report
    assert f"  sample: no\n      {run.log(1)}\n      /slurm/0.log\n" in report
    assert f"  sample: {UNBEGUN} (2 jobs)\n      /slurm/3.log\n" in report


def test_many_jobs_that_fail_for_one_reason_take_few_lines(run):
    for number in range(400):
        run.begin(number)
        run.write(number, FAILED)
        run.fail(number)
    assert len(run.report().split("\n")) < 12 and "and 397 more" in run.report()


def test_a_record_that_is_not_understood_does_no_harm(capsys):
    Watch().handle(SimpleNamespace(event="job_error", jobid=1, msg="", args=()))
    assert "KeyError" in capsys.readouterr().err
