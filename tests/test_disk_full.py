"""A full disk: one line that names the file, the old file whole, nothing left behind, and with room again all is well."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from project import begun

from energyguide.files.arrays import load_arrays, load_weights, save_arrays, save_weights
from energyguide.files.atomic import read_json, write_json
from energyguide.run import job as script
from energyguide.run.logs import kept
from energyguide.run.reasons import reason
from energyguide.run.resume import ResumeState


def job_of(log):
    """What Snakemake gives a script that reads and writes nothing."""
    return SimpleNamespace(rule="data", wildcards={}, params={}, resources={}, config={}, input=[], output=[], log=[str(log)])


MEGABYTE = 1 << 20


@pytest.fixture
def small(tmp_path):
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"needs leave to mount a small file system: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Takes all room that is left; returns the file that does."""
    path = folder / "filling"
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return path


KINDS = {  # name of the file: how to write a value of so many bytes, how to read what was written
    "w.safetensors": (
        lambda path, n: save_weights(path, {"w": torch.full((n,), n % 251, dtype=torch.uint8)}),
        lambda path: load_weights(path)["w"].tolist(),
    ),
    "a.npz": (
        lambda path, n: save_arrays(path, {"x": np.full(n, n % 251, dtype=np.uint8)}),
        lambda path: load_arrays(path)["x"].tolist(),
    ),
    "a.json": (lambda path, n: write_json(path, [n % 251] * n), read_json),
    "state.pt": (
        lambda path, n: ResumeState(path.parent, "key").save({"x": torch.full((n,), n % 251, dtype=torch.uint8)}),
        lambda path: begun(ResumeState(path.parent, "key"))["x"].tolist(),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_does_not_fit_leaves_the_old_file_whole_and_later_fits(small, name):
    write, read = KINDS[name]
    path, large = small / name, 700_000 if name != "a.json" else 200_000
    write(path, 1000)
    before = {file: file.read_bytes() for file in small.rglob("*") if file.is_file()}
    filling = small / "filling"
    filling.write_bytes(bytes(3 * MEGABYTE // 2))
    with pytest.raises(OSError) as refused:
        write(path, large)
    told = reason(refused.value)
    assert Path(told.split()[0]).name == name and "the disk is full; make room" in told and "\n" not in told
    assert {file: file.read_bytes() for file in small.rglob("*") if file.is_file() and file != filling} == before
    assert read(path) == [1000 % 251] * 1000
    filling.unlink()
    write(path, large)
    assert read(path) == [large % 251] * large


def test_a_state_that_cannot_even_note_its_attempt_names_that_file(small):
    store = ResumeState(small / "job", "key")
    store.folder.mkdir(parents=True)
    fill(small)
    with pytest.raises(OSError) as refused:
        begun(store)
    assert f"{store.log} cannot be written: the disk is full" in reason(refused.value)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_log_without_room_does_not_hide_the_reason(small, written, capsys):
    """The log is full before it is opened; before the first line; and in the middle of a job that fails for another reason."""
    log = small / "data.log"

    def run():
        with script.job(job_of(log)):
            if written:
                fill(small)
            if written == 1:
                print("a word " * 1000)
            raise ValueError("the scale is wrong")

    if not written:
        os.mkdir(small / "sub")
        log = small / "sub/data.log"
        fill(small)
    with pytest.raises(SystemExit) as left:
        run()
    said = left.value.code if isinstance(left.value.code, str) else capsys.readouterr().err
    full = f"data: {kept(log)} cannot be written: the disk is full"
    assert said.startswith("data: the scale is wrong\n" if written == 2 else full) and said.count("\n") <= 1
    (small / "filling").unlink()
    log.unlink(missing_ok=True)
    with script.job(job_of(log)):
        print("all is well")
    assert "\nall is well\n" in log.read_text()
