"""Jobs that meet a full disk, with results/ on a small file system: each names the file, and with room ends in the same bits.

    python tools/faults/disk_full.py

Takes some minutes, and leave to mount.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

sys.path.extend(str(Path(__file__).parents[2] / folder) for folder in ("tests", "workflow"))

import yaml
from project import copy, snakemake

from energyguide.files.arrays import sidecar
from energyguide.files.atomic import sha256

WEIGHTS, SAMPLES = "results/tiny/diffusion/unconditional.safetensors", "results/tiny/samples/ddpm/0/0.npz"
LARGER = {"samples": 2000, "batch": 2000, "shards": 1}  # samples take more than the few pages of a log
SLACK = 64 << 10  # bytes for logs, and for what remains of pages


@contextmanager
def small(folder, megabytes):
    """A file system of so many megabytes at `folder`. Raises SystemExit where it may not be mounted."""
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, text=True)
    if mount.returncode:
        sys.exit(f"needs leave to mount a small file system: {mount.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(results, room):
    """Takes all but `room` bytes of the file system; returns the file that does."""
    path = results / "filling"
    with open(path, "wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(results).free - room)))
    return path


def meet(tree, target, rooms):
    """Makes `target` anew as room grows: the run ends each time at another file, and after the last in the same bits.

    Args:
        rooms: the files, as regular expressions, with the room in bytes into which they do not fit.

    Returns what is not as it should be, or None.
    """
    before = sha256(tree / target)
    shutil.rmtree(tree / "results/tiny/logs")
    for path in (tree / target, sidecar(tree / target)):  # Snakemake would: and make room
        path.unlink()
    for file, room in rooms.items():
        filling = fill(tree / "results", room)
        run = snakemake(tree, target, check=False)
        told, line = run.stdout + run.stderr, rf".*{file} cannot be written: the disk is full; make room.*"
        if not run.returncode or "Traceback" in told or not re.search(line, told):
            return f"ended with {run.returncode} and said {told[-3000:]}"
        if left := [path for path in tree.glob("results/tiny/[!.]*/**/.*") if path.is_file()]:
            return f"left {left}"
        if (tree / target).exists():
            return f"left {target}"
        print(f"  {re.search(line, told)[0].strip()}", flush=True)
        filling.unlink()
    run = snakemake(tree, target, check=False)
    if run.returncode:
        return f"did not end with room again: {run.stderr[-3000:]}"
    return None if sha256(tree / target) == before else "ended in other bits"


def main():
    """Rows (fault, tries, what happened). Raises SystemExit where a full disk was not met as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        tree = copy(Path(folder))
        config = yaml.safe_load((tree / "tests/tiny.yaml").read_text())
        config["experiments"]["tiny"]["sampling"] |= LARGER
        del config["experiments"]["tiny"]["per_job"]  # one file a job
        (tree / "tests/tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        with small(tree / "results", 16):
            snakemake(tree, WEIGHTS, SAMPLES, "--no-hooks")  # which would remove the states
            jobs = {SAMPLES: "sample-ddpm-0-0", WEIGHTS: "diffusion-unconditional"}
            sizes = {
                target: sum(path.stat().st_size for path in (*tree.glob(f"results/tiny/.resume/{job}/*/state.pt"), tree / target))
                for target, job in jobs.items()
            }
            shutil.rmtree(tree / "results/tiny/.resume")
            for target, job in jobs.items():
                print(f"{target}: {sizes[target]} bytes with its state", flush=True)
                rooms = {r"results/tiny/\S+": 0, rf"{job}/\w+/state\.pt": SLACK, re.escape(target): sizes[target] - SLACK}
                if problem := meet(tree, target, rooms):
                    sys.exit(f"WRONG: {problem}")
    return [("full disk", 6, "each job named the file that it could not write, and with room ended in the same bits")]


if __name__ == "__main__":
    print(*main()[0], sep=": ")
