"""What is known of the machine and of the project's commit."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("torch", "torchvision", "torch-fidelity", "numpy", "scikit-learn", "snakemake")


def git(*arguments):
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def package_version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def provenance():
    """Commit, versions and machine, as far as they can be told."""
    status = git("status", "--porcelain")
    info = {
        "commit": git("rev-parse", "HEAD"),
        "dirty": None if status is None else bool(status),
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
    }
    torch = sys.modules.get("torch")
    if torch:
        info["threads"] = torch.get_num_threads()
        info["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return info


def commit():
    """The commit of the project, short, and whether it was changed since."""
    changed = " with changes" if git("status", "--porcelain") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed
