"""ruff, snakefmt and Snakemake's own linter are clean, and the repository says nothing it should not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

COMMANDS = {
    "ruff check": [BIN / "ruff", "check", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "."],
    "snakefmt": [BIN / "snakefmt", "--check", "Snakefile", "workflow/rules"],
    "snakemake lint": [BIN / "snakemake", "--lint"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_clean(name):
    run = subprocess.run(COMMANDS[name], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def tracked():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_large_file_is_tracked():
    assert [file for file in tracked() if file.stat().st_size > 1 << 20] == []


def test_the_lock_is_hashed_and_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^[a-z0-9][^\s=]*==", lock, re.MULTILINE)
    assert len(pinned) > 50 and "://" not in lock and "--index" not in lock
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", lock))


def test_the_conda_environment_is_in_step_with_the_lock():
    lock = (ROOT / "requirements.lock").read_text()
    for name, version in re.findall(r"- ([\w-]+)==(\S+)", (ROOT / "envs/python.yaml").read_text()):
        assert re.search(rf"^{name}=={re.escape(version)}(?![\w.])", lock, re.MULTILINE), f"{name} {version}"
