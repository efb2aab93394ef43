"""Snakemake as a lab runs it: the profile of the project, with one laid over it, against the cluster of the tests."""

import os
import subprocess
from pathlib import Path

import yaml
from project import SNAKEMAKE

PROFILES = ["--profile", "slurm", "--profile", "tests/slurm/quick"]
TRAINING, SAMPLING = "results/tiny/classifiers/eps0.5.safetensors", "results/tiny/samples/ddpm/0/0.npz"
TARGETS = [TRAINING, SAMPLING]
LONG = {  # some seconds each: long enough to be caught in the middle
    "classifiers": {"training": {"steps": 400, "score_every": 200}},
    "sampling": {"batch": 4, "process": {"steps": 100}},
}


def config(tree, site=None, **experiment):
    """Options that lay this over the tiny experiment."""
    over = {"site": site or {}, "experiments": {"tiny": experiment}}
    (tree / "over.yaml").write_text(yaml.safe_dump(over))
    return ["--configfile", "tests/tiny.yaml", "over.yaml"]


class Driver:
    """A Snakemake that sends its jobs to the cluster; what it says is in `said`, a file."""

    def __init__(self, tree, *arguments):
        self.said = tree / f"driver{len(list(tree.glob('driver*.log')))}.log"
        with open(self.said, "w") as said:
            command = [SNAKEMAKE, *arguments, *PROFILES]
            self.process = subprocess.Popen(command, cwd=tree, stdout=said, stderr=subprocess.STDOUT)

    def wait(self):
        """Its exit status."""
        return self.process.wait()

    def succeed(self):
        assert self.wait() == 0, self.said.read_text()


def processes(tree, node=None):
    """Numbers of the processes in `tree`, or of those on a node of the cluster."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = Path(os.readlink(process / "cwd")) == tree
            environment = (process / "environ").read_bytes().split(b"\0") if here and node else []
        except OSError:
            continue
        if here and (not node or f"SLURMD_NODENAME={node}".encode() in environment):
            found.append(int(process.name))
    return found


def workers(tree, script=""):
    """Numbers of the processes that run one of the project's scripts in `tree`."""
    found = []
    for pid in processes(tree):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        except OSError:
            continue
        if ".snakemake/scripts/" in command and f"{script}.py" in command:
            found.append(pid)
    return found
