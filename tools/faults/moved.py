"""Results in another place, or with other times: the next run goes on from them, and the one after it has nothing to do."""

import os
import shutil
import subprocess

from trees import EVERYTHING, RESULTS, fresh, planned, snakemake, undisturbed, verdict

HOUR = 3600
LOGS = {".log", ".attempts", ".fls", ".fdb_latexmk"}  # the last two are LaTeX's


def archive(source, target):
    """With all times."""
    subprocess.run(["cp", "-a", source, target], check=True)


def timeless(source, target):
    """Every file is new, in the order in which it happened to be copied."""
    shutil.copytree(source, target, symlinks=True, copy_function=shutil.copyfile)


def moved(name, how, *parts):
    """A fresh copy of the project, and in it these folders of the undisturbed tree."""
    tree = fresh(name)
    for part in parts:
        how(undisturbed() / part, tree / part)
    return tree


def goes_on(tree, nothing_to_do=False):
    """The outcome of a run there; where there should be nothing to do, whether that is so."""
    plan = planned(tree, EVERYTHING)
    checks = {f"nothing to do ({sum(plan.values())} jobs)": not plan} if nothing_to_do else {}
    checks["the run ended well"] = snakemake(tree, EVERYTHING, check=False).returncode == 0
    again = planned(tree, EVERYTHING)
    checks[f"a second run has nothing to do ({again})"] = not again
    return f"{verdict(tree, checks)}, jobs that ran: {sum(plan.values())}"


def places(tree):
    """The outcome of a search of all results for the place in which they were made."""
    name = bytes(tree)
    files = [path for path in (tree / "results").rglob("*") if path.is_file() and path.suffix not in LOGS]
    named = [path.relative_to(tree) for path in files if name in path.read_bytes()]
    return verdict(tree, {f"{path} does not name its place": False for path in named[:3]})


def shifted(name):
    """Results of an hour ago, some of them to be made anew, and the data touched."""
    tree = moved(name, archive, "results", ".snakemake")
    for path in (tree / "results").rglob("*"):
        if path.is_file() and not path.is_symlink():
            moment = path.stat().st_mtime - HOUR
            os.utime(path, (moment, moment))
    os.utime(tree / RESULTS / "data/dataset.npz")
    for path in ("samples/ddpm/0/0.npz", "metrics/ddpm/0.json", "tables/summary.csv"):  # what is between is made for the table
        (tree / RESULTS / path).unlink()
    return tree


def taken(tree):
    """As docs/reliability.md says that results are taken over."""
    snakemake(tree, EVERYTHING, "--touch", "--forceall")
    return tree


FAULTS = {
    "the place of the results, in them": lambda: places(undisturbed()),
    "moved by cp -a, with .snakemake": lambda: goes_on(moved("whole", archive, "results", ".snakemake"), nothing_to_do=True),
    "moved by cp -a, without .snakemake": lambda: goes_on(moved("bare", archive, "results")),
    "the same, taken over by --touch": lambda: goes_on(taken(moved("taken", archive, "results")), nothing_to_do=True),
    "moved by cp, with .snakemake": lambda: goes_on(moved("timeless", timeless, "results", ".snakemake")),
    "results an hour in the past, inputs touched, some missing": lambda: goes_on(shifted("past")),
    "moved by cp, without .snakemake": lambda: goes_on(moved("timeless-bare", timeless, "results")),
}


def main():
    return [(fault, 1, happens()) for fault, happens in FAULTS.items()]
