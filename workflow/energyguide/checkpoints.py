"""Stopping in the middle: what a long job does so that nothing it has made is lost."""

import signal
import time
from contextlib import contextmanager


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


class Checkpoints:
    """Saves the state of a run as often as its store asks for, and when it is asked to stop."""

    def __init__(self, store, stopping):
        self.store, self.stopping, self.saved = store, stopping, time.monotonic()

    def offer(self, state):
        """Save `state()` where it is time. Raises Interrupted, after saving, where the run is to stop."""
        stopping = self.stopping()
        if stopping or time.monotonic() - self.saved >= self.store.every:
            self.store.save(state())
            self.saved = time.monotonic()
        if stopping:
            raise Interrupted(f"stopped by a signal; the state is saved in {self.store.folder}, run the same command to go on")
