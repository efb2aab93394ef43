"""One process a GPU: which of the GPUs that a job sees is its own."""

import os
import tempfile

import filelock

HELD = []  # locks of this process, for as long as it lives


def own_gpu(count, folder=None):
    """The number of a GPU, of `count` visible ones, that no other job on this machine has taken; any, where all are taken.

    A GPU is taken by a lock, which goes with its process. On a cluster each allocation counts its GPUs for itself.
    """
    names = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    names = names if len(names) == count else range(count)
    allocation = f"energyguide-{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'here')}"
    for number, name in enumerate(names):
        lock = filelock.FileLock(os.path.join(folder or tempfile.gettempdir(), f"{allocation}-gpu-{name}.lock"))
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            continue
        HELD.append(lock)
        return number
    return os.getpid() % count
