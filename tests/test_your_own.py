"""The page on images of one's own: each of its commands is run, on what it says to write, in a copy of the project.

The commands that build are real where they are short (the data, the cost), and dry runs where networks are trained.
"""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from project import ROOT, SNAKEMAKE, copy

from energyguide.config.experiments import resolve
from energyguide.config.files import load

pytestmark = pytest.mark.system  # a minute

PAGE = ROOT / "docs/your-own.md"
BLOCK = re.compile(r"([^\n]*(?:\n[^\n]+)*)\n\n```(\w*)\n(.*?)```", re.DOTALL)


def steps(text):
    """What the page says to do: ("write" | "add", file, content), or ("run", command, None), in its order."""
    found = []
    for before, kind, content in BLOCK.findall(text):
        told = re.search(r"\b(Write|[Aa]dd to)\s+`([\w./-]+)`:$", before)
        if kind == "sh":
            found += [("run", line, None) for line in content.strip().split("\n")]
        elif told:
            found.append(("write" if told[1] == "Write" else "add", told[2], content))
    return found


def do(tree, step, images):
    """One step in the copy; what a command says. Commands that train are planned alone."""
    kind, what, content = step
    if kind == "run":
        short = "-n" in what.split() or not what.startswith("snakemake") or re.match(r"snakemake (data|cost)\b", what)
        command = f"set -e; PATH={Path(SNAKEMAKE).parent}:$PATH; {what if short else f'{what} -n'}"
        run = subprocess.run(["bash", "-c", command], cwd=tree, capture_output=True, text=True)
        assert run.returncode == 0, f"{what}\n{run.stdout[-1500:]}{run.stderr[-1500:]}"
        return run.stdout + run.stderr
    content, file = content.replace("/data/mine", str(images)), tree / what
    assert kind == "write" or file.exists()
    file.write_text(f"{file.read_text()}\n\n{content}" if kind == "add" else content)
    return ""


def test_every_command_of_the_page_is_run(tmp_path):
    tree, images = copy(tmp_path / "project"), tmp_path / "mine"
    (tree / ".venv/bin").mkdir(parents=True)
    (tree / ".venv/bin/activate").touch()
    rng = np.random.default_rng(0)
    for part, name in ((part, name) for part in ("train", "test") for name in ("cat", "dog")):
        (images / part / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(images / part / name / f"{i}.png")
    said = {step[1]: do(tree, step, images) for step in steps(PAGE.read_text())}
    assert (tree / "results/mine/data/dataset.npz").exists()
    assert "40 of 40 images were resized and cropped to 32x32" in (tree / "results/mine/logs/data.log").read_text()
    assert re.search(r"hours at the rates of this machine", said["snakemake cost --config experiment=mine"])
    assert "table_accuracy" in said["snakemake -n table_accuracy --config experiment=mine"]
    assert "tempered" in said["snakemake -n figure_samples --config experiment=mine-tempered"]


def test_the_page_has_each_part_and_its_yaml_is_yaml():
    text = PAGE.read_text()
    headings = [
        "The images",
        "The experiment",
        "A strength, or a scale",
        "A seed",
        "A system left out",
        "A variant with its own parameter",
        "A table",
    ]
    assert re.findall(r"(?m)^## (.*)$", text) == headings
    for content in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert isinstance(yaml.safe_load(content), dict)


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("preset", ["images", "digits"])
def test_a_preset_and_a_path_are_an_experiment(tmp_path, monkeypatch, preset, size):
    monkeypatch.chdir(ROOT)
    for part in ("train", "test"):
        for name in ("a", "b", "c"):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(10):
                (tmp_path / part / name / f"{i}.png").touch()
    data = {"source": "imagefolder", "path": str(tmp_path)} | ({"size": size} if preset == "images" else {})
    config = load(Path("config.yaml")) | {"experiment": "mine", "experiments": {"mine": {"extends": preset, "data": data}}}
    experiment, _ = resolve(config)
    assert experiment.data.classes == 3 and experiment.data.size == (size if preset == "images" else 8)
