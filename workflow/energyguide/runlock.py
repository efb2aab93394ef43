"""One run at a time on the same results: from this checkout, another one, or another machine that shares them.

Snakemake has a lock of its own, but keeps it in the checkout, where others that share the results do not see it.
"""

import os
import platform
from datetime import datetime
from pathlib import Path

from energyguide.storage import lock, writing

NAME = ".run"
HELD = []  # locks of this process, for as long as it lives


def claim(folder):
    """Be the only run at work in `folder`, until this process ends, in whatever way.

    Raises ValueError where another one is, or where the file system has no locks.
    """
    path = Path(folder, NAME)
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = lock(path)
    if not taken:
        raise ValueError(f"{folder}: another run is at work there, {path.read_text().strip()}; wait for it to end, or stop it")
    HELD.append(taken)
    with writing(path):
        path.write_text(f"process {os.getpid()} on {platform.node()} since {datetime.now():%Y-%m-%d %H:%M:%S}\n")
