"""Trees to do harm to: runs of Snakemake in them, and what must be the same in the end as in one that nobody harmed."""

import functools
import subprocess
import tempfile
from pathlib import Path

import project
import same

CONFIG = ["--configfile", "tests/tiny.yaml", "tools/faults/lasting.yaml"]
EVERYTHING = "all" if project.TEX else "parts"
RESULTS = "results/tiny"
LOST = "LOST: "  # how the outcome of a fault begins by which something was lost
TIMES = {f"figures/generators.{kind}" for kind in ("pdf", "png")}  # it draws how long samples take
ROOM = tempfile.TemporaryDirectory()


def fresh(name):
    """A copy of the project in which nothing is built."""
    return project.copy(Path(ROOM.name).resolve() / name)


def snakemake(tree, *arguments, check=True):
    return project.snakemake(tree, *arguments, check=check, config=CONFIG)


def planned(tree, *arguments):
    return project.planned(tree, *arguments, config=CONFIG)


class Run:
    """A Snakemake at work, in a process group of its own, as a shell starts it."""

    def __init__(self, tree, *arguments):
        self.file = tree / f"said{len(list(tree.glob('said*.log')))}.log"
        command = [project.SNAKEMAKE, *arguments, *CONFIG]
        with open(self.file, "w") as file:
            self.process = subprocess.Popen(command, cwd=tree, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)

    def alive(self):
        return self.process.poll() is None

    def end(self, number=None):
        """Its exit status; with a signal that it is sent before."""
        if number:
            self.process.send_signal(number)
        return self.process.wait()

    def said(self):
        return self.file.read_text(errors="replace")


@functools.cache
def undisturbed(*targets):
    """A tree in which these were built, in one run; by default everything."""
    tree = fresh(f"undisturbed{len(targets)}")
    snakemake(tree, *(targets or [EVERYTHING]))
    return tree


def final(tree):
    """The results of a tree that no two runs should differ in: their content by path."""
    return {path: content for path, content in same.final(tree / RESULTS).items() if path not in TIMES}


def compared(tree, *targets):
    """One line that says whether the results of a tree are those of an undisturbed run with these targets."""
    reference, found = final(undisturbed(*targets)), final(tree)
    missing = sorted(reference.keys() - found.keys())
    differ = sorted(path for path in found if found[path] != reference.get(path))
    told = [
        f"{len(paths)} {what} ({', '.join(paths[:3])})" for what, paths in (("missing", missing), ("differ", differ)) if paths
    ]
    return LOST + "; ".join(told) if told else f"{len(found)} files identical"


def verdict(tree, checks, *targets):
    """The outcome of a fault: which of the checks failed, name -> whether it passed; or what `compared` says."""
    failed = [name for name, passed in checks.items() if not passed]
    return f"{LOST}not so: {', '.join(failed)}" if failed else compared(tree, *targets)
