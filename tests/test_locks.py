"""Which of several GPUs a job takes. No GPU is needed: it is a matter of locks."""

import os
import subprocess
import sys

import pytest

from energyguide.run import locks

JOB = """
import os, sys; from energyguide.run import locks
locks.take_gpu(sys.argv[1]); print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True); input()
"""


@pytest.fixture
def job(tmp_path):
    """Starts a process that takes one of two GPUs; returns the process and the number."""
    started = []

    def start(**environment):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CUDA_VISIBLE_DEVICES": "0,1", **environment}
        process = subprocess.Popen(
            [sys.executable, "-c", JOB, tmp_path], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_each_job_has_a_gpu_of_its_own_and_a_dead_one_has_none(job):
    (first, zero), (_, one) = job(), job()
    assert (zero, one) == (0, 1)
    assert job()[1] in (0, 1)  # more jobs than GPUs share them
    first.kill()
    first.wait()
    assert job()[1] == 0


def test_allocations_and_visible_gpus_are_told_apart(job):
    assert job(SLURM_JOB_ID="1")[1] == job(SLURM_JOB_ID="2")[1] == 0  # each counts its GPUs from 0
    assert job(CUDA_VISIBLE_DEVICES="2,3")[1] == 2 and job(CUDA_VISIBLE_DEVICES="0,1")[1] == 0
    assert job(CUDA_VISIBLE_DEVICES="4")[1] == 4


@pytest.mark.parametrize(
    ("given", "driver", "found"),
    [
        (None, None, []),
        (None, 3, ["0", "1", "2"]),
        ("", 3, []),
        ("1", 3, ["1"]),
        ("GPU-8f2c,MIG-1", None, ["GPU-8f2c", "MIG-1"]),
    ],
)
def test_gpus_are_those_that_are_given_or_else_all_that_the_driver_lists(monkeypatch, tmp_path, given, driver, found):
    """And a job takes the first; where there are none, nothing is set."""
    monkeypatch.setattr(locks, "DRIVER", tmp_path / "gpus")
    monkeypatch.setattr(locks, "HELD", [])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    for number in range(driver or 0):
        (tmp_path / f"gpus/0000:{number}").mkdir(parents=True)
    assert locks.visible() == found
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given or "")  # put back in the end
    if given is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    locks.take_gpu(tmp_path)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == (found[0] if found else given)
    for lock in locks.HELD:
        lock.release()
