"""Jobs that are killed, and shards: they change no bit."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from project import SNAKEMAKE, TINY, copy, snakemake, workers


def test_shards_do_not_change_a_pixel(built, tmp_path):
    """The same samples in three shards, each scale by a job of its own, as in two shards and two scales a job."""
    config = yaml.safe_load((built / "tests/tiny.yaml").read_text())
    config["experiments"]["tiny"]["sampling"]["shards"] = 3
    del config["experiments"]["tiny"]["per_job"]["sample"]
    (tmp_path / "resharded.yaml").write_text(yaml.safe_dump(config))
    tree = copy(tmp_path / "tree")
    shutil.copytree(built / "results", tree / "results")
    shutil.copytree(built / ".snakemake", tree / ".snakemake")
    targets = [f"results/tiny/samples/joint-energy/4/{k}.npz" for k in range(3)]
    snakemake(tree, *targets, "--allowed-rules", "sample", config=["--configfile", str(tmp_path / "resharded.yaml")])
    found = np.concatenate([np.load(tree / target)["images"] for target in targets])
    expected = np.concatenate([np.load(built / f"results/tiny/samples/joint-energy/4/{k}.npz")["images"] for k in range(2)])
    assert np.array_equal(found, expected)


def start(tree, *targets):
    return subprocess.Popen([SNAKEMAKE, *targets, *TINY], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def worker(tree, script, run):
    """The number of the process that runs a script in `tree`, once it has noted its attempt; None if it ended before."""
    while run.poll() is None:  # a short job may be over before it is seen
        if any(tree.glob("results/tiny/.resume/*/*/attempts.log")):
            for pid in workers(tree, script):
                return pid
        time.sleep(0.01)
    return None


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker through /proc, which this system has not")
@pytest.mark.parametrize(
    ("target", "script", "number"),
    [
        ("diffusion/joint.safetensors", "train_diffusion", signal.SIGTERM),
        ("classifiers/eps0.5.safetensors", "train_classifier", signal.SIGTERM),
        ("classifiers/eps0.safetensors", "train_classifier", signal.SIGKILL),
        ("samples/joint-energy/4/0.npz", "sample", signal.SIGKILL),
    ],
)
def test_a_killed_job_ends_in_the_same_bits(built, tmp_path, target, script, number):
    tree = copy(tmp_path)
    path = tree / "results/tiny" / target
    shutil.copytree(built / "results", tree / "results")
    shutil.copytree(built / ".snakemake", tree / ".snakemake")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    for _ in range(10):
        path.unlink()
        run = start(tree, str(path.relative_to(tree)))
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(worker(tree, script, run), number)
        output, _ = run.communicate()
        if run.returncode:
            break
    assert run.returncode and not path.exists()
    if number == signal.SIGTERM:
        assert "run the same command to go on" in output
    for name in (
        "training/loop.py",
        "diffusion/sampling.py",
        "run/resume.py",
    ):  # neither a remark nor how jobs are carried counts
        file = tree / "workflow/energyguide" / name
        file.write_text(f"# a remark\n{file.read_text()}")
    snakemake(tree, str(path.relative_to(tree)))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    if path.suffix == ".safetensors":
        assert json.loads(Path(f"{path}.json").read_text())["history"]["attempts"] > 1
