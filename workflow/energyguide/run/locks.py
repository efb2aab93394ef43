"""Locks: one process on a job, and one run at a time on the same results.

Snakemake has a lock of its own, but keeps it in the checkout, where others that share the results do not see it.
"""

import errno
import os
import platform
from datetime import datetime
from pathlib import Path

from energyguide.files.atomic import writing

LOCKLESS = errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP  # how file systems say that they have no locks


def lock(path):
    """The lock at `path`; None if another process has it.

    It is the file system's own, so that a process that died, or whose machine did, does not hold it.

    Raises ValueError if the file system has no locks.
    """
    import filelock

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


NAME = ".run"
HELD = []  # locks of this process, for as long as it lives


def claim(folder):
    """Be the only run at work in `folder`, until this process ends, in whatever way.

    Raises ValueError if another one is, or where the file system has no locks.
    """
    path = Path(folder, NAME)
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = lock(path)
    if not taken:
        raise ValueError(f"{folder}: another run is at work there, {path.read_text().strip()}; wait for it to end, or stop it")
    HELD.append(taken)
    with writing(path):
        path.write_text(f"process {os.getpid()} on {platform.node()} since {datetime.now():%Y-%m-%d %H:%M:%S}\n")
