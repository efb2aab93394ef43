"""Snakemake as a lab runs it: the profile of the project, with one laid over it, against the cluster of the tests."""

import subprocess

import yaml
from project import SNAKEMAKE

PROFILES = ["--profile", "slurm", "--profile", "tests/slurm/quick"]
TRAINING, SAMPLING = "results/tiny/classifiers/eps0.5.safetensors", "results/tiny/samples/ddpm/0/0.npz"
TARGETS = [TRAINING, SAMPLING]
LONG = {  # some seconds each: long enough to be caught in the middle
    "classifiers": {"training": {"steps": 800, "score_every": 400}},
    "sampling": {"batch": 4, "process": {"steps": 500}},
}


def config(tree, site=None, **experiment):
    """Options that lay this over the tiny experiment, a job for each sample and its metrics."""
    over = {"site": site or {}, "experiments": {"tiny": {"per_job": {"sample": 1, "metrics": 1}, **experiment}}}
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
