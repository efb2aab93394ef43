import errno
import os
import stat
import subprocess
import sys
from subprocess import PIPE

import numpy as np
import pytest
import torch
from project import begun

from energyguide.files.arrays import (
    check_sidecar,
    load_arrays,
    load_weights,
    read_sidecar,
    save_arrays,
    save_weights,
    sidecar,
)
from energyguide.files.atomic import atomic, digest, read_json, write_json, write_text
from energyguide.run.resume import ResumeState, forget_finished


def test_atomic_replaces_only_when_the_block_succeeds(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with atomic(path) as temporary:
        temporary.write_text("old")
        assert not path.exists() and temporary.parent == path.parent and temporary.suffix == ".txt"
    with pytest.raises(KeyError), atomic(path) as temporary:
        temporary.write_text("half a fi")
        raise KeyError
    assert path.read_text() == "old"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_files_follow_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a", "x")
        now = os.umask(mask)
    finally:
        os.umask(before)
    assert now == mask
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


def test_weights_round_trip_and_damage(tmp_path):
    path = tmp_path / "w.safetensors"
    weights = {"a": torch.randn(3, 4).T, "b.c": torch.tensor(7), "half": torch.ones(2, dtype=torch.bfloat16)}
    save_weights(path, weights, seed=3)
    again = load_weights(path)
    assert again.keys() == weights.keys()
    for name, value in weights.items():
        assert torch.equal(again[name], value) and again[name].dtype == value.dtype
    check_sidecar(path)
    info = read_sidecar(path)
    assert info["seed"] == 3
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="w.safetensors is damaged"):
        load_weights(path)


def test_arrays_round_trip(tmp_path):
    arrays = {"x": np.arange(6, dtype=np.uint8).reshape(2, 3), "y": np.array([0.5])}
    save_arrays(tmp_path / "a.npz", arrays)
    again = load_arrays(tmp_path / "a.npz")
    assert again.keys() == arrays.keys()
    assert all((again[k] == v).all() and again[k].dtype == v.dtype for k, v in arrays.items())


def test_json_refuses_what_is_no_number(tmp_path):
    write_json(tmp_path / "a.json", {"x": [1, 0.1]})
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert read_json(tmp_path / "a.json") == {"x": [1, 0.1]}


def test_digest_ignores_the_order_of_keys_alone():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert len({digest({"a": 1, "b": [1, 2]}), digest({"a": 1, "b": [2, 1]}), digest({"a": 2, "b": [1, 2]})}) == 3


def test_resume_state_is_kept_apart_by_its_key_until_one_is_done(tmp_path):
    store, other = (ResumeState(tmp_path / "job", {"lr": lr}) for lr in (1, 2))
    assert begun(store) is None
    store.save({"step": 4, "w": torch.ones(2), "best": None})
    assert begun(other) is None
    again = ResumeState(tmp_path / "job", {"lr": 1})
    assert begun(again)["step"] == 4
    assert (again.attempts(), other.attempts()) == (2, 1)
    forget_finished(tmp_path)
    again.finish()
    assert begun(again)["step"] == 4 and not other.folder.exists()
    forget_finished(tmp_path)
    assert not again.root.exists()


@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-7], lambda data: data[:99] + b"?" + data[100:]])
def test_a_damaged_state_is_not_used_and_the_one_before_it_is(tmp_path, capsys, spoil):
    store = ResumeState(tmp_path, 0)
    begun(store)
    for step in (1, 2):
        store.save({"step": step})
    assert begun(store) == {"step": 2}
    store.path.write_bytes(spoil(store.path.read_bytes()))
    assert begun(store) == {"step": 1}
    assert f"{store.path} is damaged and not used" in capsys.readouterr().out
    store.before.write_bytes(spoil(store.before.read_bytes()))
    assert begun(store) is None
    store.save({"step": 3})
    assert begun(store) == {"step": 3}


def test_weights_put_aside_are_checked(tmp_path):
    store = ResumeState(tmp_path, 0)
    store.set_aside(400, {"w": torch.ones(3)})
    assert torch.equal(store.retrieve(400)["w"], torch.ones(3))
    (store.folder / "400.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match=f"400.safetensors is damaged or gone; delete {store.folder} and run again"):
        store.retrieve(400)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "a.npz.json is damaged: it is not JSON"),
        ("[1]", "does not say what made"),
        ("{}", "does not say"),
        (None, "is missing"),
    ],
)
def test_a_damaged_sidecar_is_named(tmp_path, content, said):
    save_arrays(tmp_path / "a.npz", {"x": np.zeros(1)})
    path = sidecar(tmp_path / "a.npz")
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ValueError, match=f"{path.name}.*{said.removeprefix(path.name)}.*run again"):
        load_arrays(tmp_path / "a.npz")


WAITER = """
import sys; from energyguide.run.resume import ResumeState
store = ResumeState(sys.argv[1], 0)
store.claim(); print("mine", flush=True); input()
"""


def claimant(folder):
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", WAITER, folder], env=path, stdin=PIPE, stdout=PIPE, text=True)


def test_only_one_process_works_on_a_state_and_a_dead_one_does_not_hold_it(tmp_path):
    first = claimant(tmp_path)
    assert first.stdout.readline() == "mine\n"
    second = claimant(tmp_path)
    assert second.stdout.readline() == f"another process works on {tmp_path}; waiting for it to end\n"
    first.kill()
    assert second.stdout.readline() == "mine\n"
    second.communicate("\n")
    third = claimant(tmp_path)
    assert third.stdout.readline() == "mine\n"
    third.communicate("\n")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_refused_not_locked_by_a_file_that_outlives_its_process(tmp_path, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(ValueError, match="lock: this file system has no locks; name another folder in `site.scratch`"):
        ResumeState(tmp_path, 0).claim()
