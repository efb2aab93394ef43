"""Locks: one process on a job, one run at a time on the same results, and one job on a GPU.

Snakemake has a lock of its own, but keeps it in the checkout, where others that share the results do not see it.
"""

import errno
import os
import platform
import tempfile
from datetime import datetime
from pathlib import Path

import filelock

from energyguide.files.atomic import writing

LOCKLESS = errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP  # how file systems say that they have no locks
DRIVER = Path("/proc/driver/nvidia/gpus")  # NVIDIA's driver lists its GPUs here
HELD = []  # locks of this process, for as long as it lives


def lock(path):
    """The lock at `path`; None if another process has it.

    It is the file system's own, so that a process that died, or whose machine did, does not hold it.

    Raises ValueError if the file system has no locks.
    """
    taken = filelock.FileLock(path, fallback_to_soft=False)  # a soft lock would outlive its process
    try:
        taken.acquire(blocking=False)
    except filelock.Timeout:
        return None
    except OSError as error:
        if error.errno not in LOCKLESS:
            raise
        raise ValueError(f"{path}: this file system has no locks; name another folder in `site.scratch`") from error
    return taken


def claim(folder):
    """Be the only run at work in `folder`, until this process ends, in whatever way.

    Raises ValueError if another one is, or where the file system has no locks.
    """
    path = Path(folder, ".run")
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = lock(path)
    if not taken:
        raise ValueError(f"{folder}: another run is at work there, {path.read_text().strip()}; wait for it to end, or stop it")
    HELD.append(taken)
    with writing(path):
        path.write_text(f"process {os.getpid()} on {platform.node()} since {datetime.now():%Y-%m-%d %H:%M:%S}\n")


def visible():
    """The names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES has them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [str(number) for number, _ in enumerate(DRIVER.glob("*"))] if given is None else [*filter(None, given.split(","))]


def take_gpu(folder=None):
    """Leave this process one GPU: one that no other job on this machine has taken; any, where all are taken.

    To be called before torch is imported, which looks once. On a cluster each allocation counts its GPUs for itself.
    """
    names, allocation = visible(), f"energyguide-{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'here')}"
    if not names:
        return
    os.environ["CUDA_VISIBLE_DEVICES"] = names[os.getpid() % len(names)]
    for name in names:
        if taken := lock(Path(folder or tempfile.gettempdir(), f"{allocation}-gpu-{name}.lock")):
            HELD.append(taken)
            os.environ["CUDA_VISIBLE_DEVICES"] = name
            return
