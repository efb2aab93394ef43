"""One process a GPU: which of the GPUs of a machine is a job's own."""

import os
import tempfile
from pathlib import Path

import filelock

DRIVER = Path("/proc/driver/nvidia/gpus")  # NVIDIA's driver lists its GPUs here
HELD = []  # locks of this process, for as long as it lives


def visible():
    """The names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES has them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    return [str(number) for number in range(len(list(DRIVER.iterdir())))] if DRIVER.is_dir() else []


def take_gpu(folder=None):
    """Leave this process one GPU: one that no other job on this machine has taken; any, where all are taken.

    To be called before torch is imported, which looks once. A GPU is taken by a lock, which goes with its process. On a cluster
    each allocation counts its GPUs for itself.
    """
    names = visible()
    if not names:
        return
    allocation = f"energyguide-{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'here')}"
    for name in names:
        lock = filelock.FileLock(os.path.join(folder or tempfile.gettempdir(), f"{allocation}-gpu-{name}.lock"))
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            continue
        HELD.append(lock)
        break
    else:
        name = names[os.getpid() % len(names)]
    os.environ["CUDA_VISIBLE_DEVICES"] = name
