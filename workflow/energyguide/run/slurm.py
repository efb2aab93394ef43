"""What a job can ask of Slurm, where it runs under it."""

import os
import subprocess

EARLY = 180  # seconds that Slurm may tell a job too soon that its time is up


def slurm(*command):
    """What a command of Slurm prints; nothing where it fails or is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def seconds(text):
    """A duration as Slurm writes it, [days-][[hours:]minutes:]seconds; infinite where it is none ("UNLIMITED")."""
    days, _, clock = text.rpartition("-")
    try:
        parts = [int(part) for part in clock.split(":")]
        return int(days or 0) * 86400 + sum(part * 60**i for i, part in enumerate(reversed(parts)))
    except ValueError:
        return float("inf")


def do_without_accounts(stand_in):
    """Put the folder of a stand-in for sacct before all others in PATH, where the cluster has no database that sacct can ask."""
    if "accounting_storage/none" in slurm("scontrol", "show", "config"):
        os.environ["PATH"] = f"{stand_in}{os.pathsep}{os.environ['PATH']}"


def requeue_when_out_of_time(grace):
    """Put this job back into the queue where it stops because its time is up: it goes on under the same number.

    Its time is up when no more is left than the `grace` (seconds) in which it is told so. Not where it was cancelled; and
    where it was preempted, Slurm does so by itself.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if job and seconds(slurm("squeue", "--noheader", "--jobs", job, "--format", "%L")) <= grace + EARLY:
        slurm("scontrol", "requeue", job)
