"""The states of unfinished jobs: found again, whole or not at all, and worked on by one process at a time."""

import errno
import os
import signal
import subprocess
import sys
from subprocess import PIPE

import pytest
import torch
from project import begun

from energyguide.run import locks
from energyguide.run.locks import claim
from energyguide.run.resume import Interrupted, ResumeState, forget_finished, stop_signals


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


def test_a_state_is_saved_when_it_is_time_and_when_it_is_to_stop(tmp_path):
    store, offered = ResumeState(tmp_path, 0, every=60), []

    def state():
        offered.append(len(offered))
        return {"step": offered[-1]}

    with store.attempt() as saved:
        assert saved is None
        store.offer(state)
        assert not offered and not store.path.exists()
        store.saved -= 61  # a minute later
        store.offer(state)
        store.offer(state)
        assert len(offered) == 1
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)  # only noted
        with pytest.raises(Interrupted, match=f"the state is saved in {store.folder}, run the same command to go on"):
            store.offer(state)
    with store.attempt() as saved:
        assert saved == {"step": 1}
        store.offer(pytest.fail)  # of an attempt of its own


def test_the_time_of_attempts_is_kept_until_their_last_save(tmp_path):
    store = ResumeState(tmp_path, 0)
    begun(store)
    store.save({"step": 1})
    begun(store)  # and killed before it could save
    begun(store)
    used = store.used()
    assert store.attempts() == 3 and used.keys() == {"1", "3"}
    assert used["3"]["seconds"] > used["1"]["seconds"] > 0 and used["3"]["cpu_seconds"] >= used["1"]["cpu_seconds"] > 0


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


def test_handlers_are_put_back_and_signals_noted():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stopping:
        assert not stopping()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping()
    assert signal.getsignal(signal.SIGTERM) is before


RUN = """
import sys; from energyguide.run.locks import claim
claim(sys.argv[1]); print("mine", flush=True); input()
"""


def test_only_one_run_works_in_a_folder_and_a_dead_one_does_not_hold_it(tmp_path):
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    first = subprocess.Popen([sys.executable, "-c", RUN, tmp_path / "t"], env=path, stdin=PIPE, stdout=PIPE, text=True)
    assert first.stdout.readline() == "mine\n"
    with pytest.raises(ValueError, match=f"t: another run is at work there, process {first.pid} on .*; wait for it to end"):
        claim(tmp_path / "t")
    first.kill()
    first.communicate()
    claim(tmp_path / "t")
    locks.HELD.pop().release()
