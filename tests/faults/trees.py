"""Trees to do harm to: runs of Snakemake in them, and what must be the same in the end as in one that nobody harmed."""

import csv
import functools
import hashlib
import json
import re
import subprocess
import tempfile
from pathlib import Path

import project

CONFIG = ["--configfile", "tests/tiny.yaml", "tests/faults/lasting.yaml"]
EVERYTHING = "all" if project.TEX else "parts"
RESULTS = "results/tiny"
LOST = "LOST: "  # how the outcome of a fault begins by which something was lost
ROOM = tempfile.TemporaryDirectory()

# What may differ between two runs: how long things took, how often they were begun, and on what machine.
UNCOMPARED = {"logs", "benchmarks", "paper", "provenance", ".resume", ".run", "usage.csv"}  # "paper" is where LaTeX works
DATED = "paper.pdf"  # has a date, and the tables with their times: it is there or not
FIELDS = {"provenance", "seconds", "seconds_per_image", "attempts"}  # of JSON, at any depth
COLUMNS = {"seconds", "seconds_per_image", "ms/img", "Minutes", "checksum", "Checksum"}  # of tables: their headings


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


def without(value, fields):
    """Anything that JSON can hold, less some fields of its dictionaries."""
    if isinstance(value, dict):
        return {key: without(each, fields) for key, each in value.items() if key not in fields}
    return [without(each, fields) for each in value] if isinstance(value, list) else value


def rows(path):
    """The cells of a table in CSV, LaTeX or HTML; lines of LaTeX that are no rows have one."""
    if path.suffix == ".csv":
        with open(path, newline="") as file:
            return list(csv.reader(file))
    text = path.read_text()
    if path.suffix == ".tex":
        return [line.removesuffix(r" \\").split(" & ") for line in text.splitlines()]
    return [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row) for row in re.findall("<tr>.*?</tr>", text)]


def content(path):
    """What of a file must be the same in every run."""
    if path.name == DATED:
        return "there"
    if path.suffix == ".json":
        return without(json.loads(path.read_text()), FIELDS)
    if path.parent.name == "tables":
        cells = rows(path)
        timed = {number for row in cells for number, cell in enumerate(row) if cell in COLUMNS}
        return [[cell for number, cell in enumerate(row) if number not in timed] for row in cells]
    return hashlib.sha256(path.read_bytes()).hexdigest()


def final(tree):
    """The results of a tree: their content by path."""
    results = tree / RESULTS
    files = [file.relative_to(results) for file in results.rglob("*") if file.is_file()]
    return {str(file): content(results / file) for file in files if file.parts[0] not in UNCOMPARED}


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
