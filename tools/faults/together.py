"""Two at once: runs in one checkout, runs in two that share their results, and runs beside jobs that a killed one left."""

import os
import signal
import time
from contextlib import contextmanager

from project import duplicate, workers
from trees import RESULTS, Run, fresh, snakemake, verdict

from energyguide.files.arrays import read_sidecar

TARGET, *OTHERS = (f"{RESULTS}/classifiers/{name}.safetensors" for name in ("eps0.5", "eps0", "judge"))


def until(condition, what, seconds=600):
    """Wait for it. Raises TimeoutError where it does not come."""
    for _ in range(20 * seconds):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s for {what}")


@contextmanager
def held(tree):
    """A run in the middle of a training, which stands still for the length of the block."""
    run = Run(tree, TARGET)
    begun = f"{RESULTS}/.resume/*/*/attempts.log"
    until(lambda: workers(tree, "train_classifier") and any(tree.glob(begun)), "a training to begin")
    trainers = workers(tree, "train_classifier")
    for pid in trainers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield run
    finally:
        for pid in trainers:
            os.kill(pid, signal.SIGCONT)


def attempts(tree):
    return read_sidecar(tree / TARGET)["history"]["attempts"]


def one_checkout():
    """The second run is refused by Snakemake, and `usage`, which makes no file, is not."""
    tree = fresh("one")
    with held(tree) as first:
        second = Run(tree, TARGET)
        checks = {"the second was refused": second.end() and "--unlock" in second.said()}
        checks["usage tells beside it"] = snakemake(tree, "usage", check=False).returncode == 0
    checks["the first ended well"] = first.end() == 0
    return verdict(tree, checks, TARGET)


def two_checkouts(name):
    """A checkout, and another of the same moment whose results are those of the first."""
    here = fresh(f"{name}-here")
    (here / "results").mkdir()
    there = duplicate(here, here.with_name(f"{name}-there"))
    (there / "results").rmdir()
    (there / "results").symlink_to(here / "results")
    return here, there


def shared_results():
    """Snakemake's lock is not seen from the other checkout; that of the project is. It names the other run."""
    here, there = two_checkouts("shared")
    with held(here) as first:
        second = Run(there, TARGET)
        checks = {"the second was refused": second.end() and f"process {first.process.pid} on " in second.said()}
        checks["a dry run was not"] = snakemake(there, TARGET, "-n", check=False).returncode == 0
    checks["the first ended well"] = first.end() == 0
    checks["then the second may"] = snakemake(there, TARGET, check=False).returncode == 0
    checks["nothing was done twice"] = attempts(here) == 1
    return verdict(here, checks, TARGET)


def awaited(tree):
    """Whether a job says in its log that it waits for another."""
    return any("waiting for it to end" in log.read_text() for log in tree.glob(f"{RESULTS}/logs/classifier/*.attempts"))


def left_over(here, there):
    """Snakemake is killed here, and run there. A job of the first that lives on is waited for by its twin, and its work used."""
    with held(here) as first:
        first.end(signal.SIGKILL)
        if there == here:
            snakemake(there, TARGET, "--unlock")
        second = Run(there, TARGET)
        until(lambda: awaited(there), "a job to wait for the one that was left over")
    checks = {"the next run ended well": second.end() == 0, "nothing was done twice": attempts(there) == 1}
    return verdict(there, checks, TARGET)


def unguarded():
    """Both at work on the same results, as where hooks are turned off: not refused, and still nothing is lost for good."""
    here, there = two_checkouts("unguarded")
    runs = [Run(tree, TARGET, *OTHERS, "--no-hooks") for tree in (here, there)]
    ended = [run.end() for run in runs]
    checks = {"the same command ends": snakemake(here, TARGET, *OTHERS, check=False).returncode == 0}
    return f"{verdict(here, checks, TARGET, *OTHERS)}, exit of both: {ended}"


FAULTS = {
    "a second run in the same checkout": one_checkout,
    "a run beside a job of a killed one": lambda: left_over(*[fresh("left")] * 2),
    "a second run from another checkout": shared_results,
    "the same beside a job of a killed one": lambda: left_over(*two_checkouts("orphan")),
    "two checkouts at once, unguarded": unguarded,
}


def main():
    return [(fault, 1, happens()) for fault, happens in FAULTS.items()]
