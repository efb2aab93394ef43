"""What a job asks of Slurm, against commands that stand in for Slurm's."""

import os

import pytest

from energyguide.run.slurm import do_without_accounts, requeue_when_out_of_time, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0:00", 0), ("1:59", 119), ("2:00:01", 7201), ("1-00:00:10", 86410), ("UNLIMITED", float("inf")), ("", float("inf"))],
)
def test_durations_are_read_as_slurm_writes_them(text, expected):
    assert seconds(text) == expected


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A function that says how much time the job has left, and tells what was asked of scontrol."""
    asked = tmp_path / "asked"

    def build(left, job="42"):
        (tmp_path / "squeue").write_text(f"#!/bin/sh\necho '{left}'\n")
        (tmp_path / "scontrol").write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
        for name in ("squeue", "scontrol"):
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setenv("SLURM_JOB_ID", job)
        requeue_when_out_of_time(120)
        return asked.read_text().strip() if asked.exists() else None

    return build


UP = "requeue 42"


@pytest.mark.parametrize(("left", "asked"), [("1:30", UP), ("0:00", UP), ("3:20:00", None), ("INVALID", None)])
def test_a_job_is_requeued_where_its_time_is_up_and_not_where_it_was_cancelled(cluster, left, asked):
    assert cluster(left) == asked


def test_nothing_is_asked_without_slurm(cluster, monkeypatch):
    assert cluster("0:10", job="") is None
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    requeue_when_out_of_time(120)


@pytest.mark.parametrize(("kind", "without"), [("accounting_storage/none", True), ("accounting_storage/slurmdbd", False)])
def test_sacct_is_replaced_where_there_are_no_accounts_alone(tmp_path, monkeypatch, kind, without):
    (tmp_path / "scontrol").write_text(f"#!/bin/sh\necho 'AccountingStorageType = {kind}'\n")
    (tmp_path / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    do_without_accounts("/stand-in")
    assert os.environ["PATH"].startswith("/stand-in:") == without
