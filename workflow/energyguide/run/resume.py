"""The state of an unfinished job: saved from time to time and when it is told to stop, and found again."""

import hashlib
import io
import os
import platform
import shutil
import signal
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from energyguide.files.arrays import load_weights, save_weights
from energyguide.files.atomic import atomic, digest, read_json, write_json, writing
from energyguide.run.locks import lock
from energyguide.run.machine import used

FINISHED = "finished"


class ResumeState:
    """The state of a run, replaced atomically, about every `every` seconds.

    It lies in a folder named by all that determines the run, under `root`, which belongs to this job alone: what
    earlier runs of the job left there, with other settings, goes when one is done. The last state stays until
    `forget_finished`: a job that has written its results can still be cut off before Snakemake has seen them, or be
    started again for the sake of others in its group, and then repeats nothing.

    `begun` is called at the begin of an attempt. `ledger` is the store that counts the attempts and times of the process:
    that of the first result, if it makes several.
    """

    def __init__(self, root, key, every=60, begun=lambda: None, ledger=None):
        self.root, self.every, self.folder, self.begun = Path(root), every, Path(root) / digest(key), begun
        self.path, self.before = self.folder / "state.pt", self.folder / "before.pt"
        self.ledger = ledger or self
        self.log, self.times = self.ledger.folder / "attempts.log", self.ledger.folder / "times.json"
        self.lock, self.stopping, self.saved = None, lambda: False, time.monotonic()

    def claim(self):
        """Be the only one that works on this: wait while another process does, on this machine or another.

        Raises ValueError if the file system has no locks.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.lock = lock(self.root / "lock")
        if not self.lock:
            print(f"another process works on {self.root}; waiting for it to end", flush=True)
        while not self.lock:
            time.sleep(1)
            self.lock = lock(self.root / "lock")

    @contextmanager
    def attempt(self):
        """Note an attempt. Yields the last state saved that is whole, or None; inside, a signal to stop is only noted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.ledger is self:
            kind = "resumes" if self.path.exists() else "starts"
            with writing(self.log), open(self.log, "a") as log:
                print(datetime.now().isoformat(timespec="seconds"), platform.node(), kind, file=log)
        saved = filter(Path.exists, (self.path, self.before))
        self.begun()
        with stop_signals() as self.stopping:
            self.saved = time.monotonic()
            yield next((state for state in map(self.load, saved) if state is not None), None)

    def offer(self, state):
        """Save `state()` where it is time. Raises Interrupted, after saving, where the run is to stop."""
        stopping = self.stopping()
        if stopping or time.monotonic() - self.saved >= self.every:
            self.save(state())
            self.saved = time.monotonic()
        if stopping:
            raise Interrupted(f"stopped by a signal; the state is saved in {self.folder}, run the same command to go on")

    def attempts(self):
        """How often the run was begun."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def used(self):
        """Wall and CPU seconds of each attempt, by its number; of those before this one, until their last save."""
        return {**(read_json(self.times) if self.times.exists() else {}), str(self.attempts()): used()}

    def save(self, state):
        """Replace the last state, after a checksum of it; the one before stays too."""
        import torch

        buffer = io.BytesIO()
        torch.save(state, buffer)
        with atomic(self.path) as temporary:
            with open(temporary, "wb") as file:
                file.write(hashlib.sha256(buffer.getbuffer()).digest())
                file.write(buffer.getbuffer())
            if self.path.exists():
                os.replace(self.path, self.before)
        write_json(self.times, self.used())

    def load(self, path):
        """The state in a file, or None if the file is not as it was saved: cut off, say, by a loss of power."""
        import torch

        with open(path, "rb") as file:
            checksum, content = file.read(hashlib.sha256().digest_size), file.read()
        if hashlib.sha256(content).digest() != checksum:
            print(f"{path} is damaged and not used: its checksum is not the one that it begins with")
            return None
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)

    def set_aside(self, name, weights):
        """Put a state dict aside until the run is done."""
        save_weights(self.folder / f"{name}.safetensors", weights)

    def retrieve(self, name):
        """The state dict that was put aside under this name. Raises ValueError if the file is damaged."""
        path = self.folder / f"{name}.safetensors"
        try:
            return load_weights(path)
        except (ValueError, OSError) as error:
            raise ValueError(f"{path} is damaged or gone; delete {self.folder} and run again, from the start") from error

    def finish(self):
        """Note that the results are written."""
        for other in filter(Path.is_dir, self.root.iterdir()):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        (self.folder / FINISHED).touch()


def forget_finished(folder):
    """Remove the states of all jobs under `folder` that are done."""
    for mark in Path(folder).glob(f"*/*/{FINISHED}"):
        shutil.rmtree(mark.parents[1], ignore_errors=True)


class Interrupted(Exception):
    """A run was asked to stop, and has saved its state."""


@contextmanager
def stop_signals():
    """Yields a function that tells whether SIGTERM or SIGINT came. The handlers only take note."""
    came = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
