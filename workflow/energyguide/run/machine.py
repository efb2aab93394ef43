"""What is known of the machine and of the project's commit, and what this process has used."""

import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version

PACKAGES = ("torch", "torchvision", "torch-fidelity", "numpy", "scikit-learn", "snakemake")
BEGAN = time.monotonic()  # a process runs one job


def git(*arguments):
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def provenance():
    """Commit, versions and machine, as far as they can be told."""
    torch, status = sys.modules.get("torch"), git("status", "--porcelain")
    info = {
        "commit": git("rev-parse", "HEAD"),
        "dirty": None if status is None else bool(status),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
    }
    if torch:
        info |= {"threads": torch.get_num_threads(), "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None}
    return info


def commit():
    """The commit of the project, short, and whether it was changed since."""
    changed = " with changes" if git("status", "--porcelain") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def usages():
    return map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def used():
    """Wall and CPU seconds of this process, and of those that it started and waited for."""
    return {"seconds": time.monotonic() - BEGAN, "cpu_seconds": sum(usage.ru_utime + usage.ru_stime for usage in usages())}


def peak_megabytes():
    """The most memory that this process, or one that it started and waited for, held; in 2^20 bytes, as Slurm counts.

    On Linux it is at least what Snakemake held when it started this process.
    """
    return round(max(usage.ru_maxrss for usage in usages()) / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def gpus(resources):
    """How many GPUs a job holds: what it asked for, where that is given: on a cluster, or where torch finds a GPU."""
    torch = sys.modules.get("torch")
    given = "SLURM_JOB_ID" in os.environ or torch and torch.cuda.is_available()
    return (resources.get("gpu") or 0) if given else 0
