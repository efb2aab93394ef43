"""tools/gpu: says that there is no GPU, rehearses on a CPU, goes on with what is not done."""

import json
import os
import subprocess
import sys

import pytest
import torch
from project import ROOT, resolved

pytestmark = pytest.mark.system  # a minute


def run(*arguments):
    command, one_thread = [sys.executable, "tools/gpu", *arguments], {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=one_thread)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_in_one_line(tmp_path):
    result = run("--out", str(tmp_path / "out"))
    assert result.returncode == 1 and result.stderr.startswith("no GPU: ") and result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_rehearsal_writes_one_file_a_check_and_goes_on(tmp_path):
    arguments = "--out", str(tmp_path), "--cpu", "--minutes", "5", "--only", "noise", "classifier-0.5"
    written = {"check": "noise", "status": "passed", "summary": "from before"}
    (tmp_path / "noise.json").write_text(json.dumps(written))
    result = run(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "noise: passed, from before" in result.stdout and json.loads((tmp_path / "noise.json").read_text()) == written
    found = json.loads((tmp_path / "classifier-0.5.json").read_text())
    assert found["status"] == "passed" and found["rehearsal"] and found["eps_train"] == 0.5
    assert found["accuracy"].keys() == {"0", "0.25", "0.5", "1", "2"} and found["protocol"]["attack"] == "PGD-20"
    assert found["packages"]["torch"] == torch.__version__.partition("+")[0] and found["commit"] and found["gpu"] is None


def test_over_time_it_stops_and_fails(tmp_path):
    result = run("--out", str(tmp_path), "--cpu", "--minutes", "0.02", "--only", "noise", "memory")
    assert result.returncode == 2 and "memory: not done, the minutes were over" in result.stdout
    assert not list(tmp_path.glob("*.json"))


def test_the_recipe_of_the_classifiers_is_that_of_the_fast_experiment(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools/gpu")
    import robust

    spec = resolved("cifar10-fast").classifiers.dump()
    assert {key: spec["training"][key] for key in robust.TRAINING} == robust.TRAINING
    assert spec["training"].keys() == robust.TRAINING.keys() and spec["attack"] == robust.ATTACK
    assert spec["augment"].items() <= robust.AUGMENT.items() and spec["network"] == robust.NETWORK
    assert spec["eps_train"] == [0, 0.25, 0.5, 1]
