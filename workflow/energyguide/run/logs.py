"""The log of a job, to which every attempt adds. It begins with what, when and where, and ends, if it can, with what it used:

    2026-11-21 12:31:18 on node7: sample: variant=ddpm, scales=0, shard=3
    ...
    failed: 3480.2 s of 60 min, 5120 of 8000 MB, 1 GPU
    sample: ddpm: 2 of 500 samples ceased to be finite, the first with 12 steps to go; its model is broken: ...

An attempt that was killed has no end. Snakemake removes a job's log before each attempt: so what is written goes into a file
beside it, and the log is a link to that.
"""

import io
import platform
import re
import time
from datetime import datetime
from pathlib import Path

from energyguide.run.machine import gpus, peak_megabytes, used

EVERY = 30  # seconds between two lines of progress
DONE, MEANWHILE, INTERRUPTED, FAILED = "done", "made meanwhile", "interrupted", "failed"  # how an attempt ends


def kept(log):
    """Where all attempts of a job write to, whose log is at `log`."""
    return Path(log).with_suffix(".attempts")


class LogFile(io.FileIO):
    """A file without a buffer, in which closing it could stumble over what a full disk has refused; its errors name it."""

    def write(self, content):
        left = content
        try:
            while left:
                left = left[super().write(left) :]
            return len(content)
        except OSError as error:
            error.filename = self.name
            raise


class Output:
    """What a job prints, as lines of its log; of a progress bar, which replaces its line again and again, one every half minute:

    joint:  45% 720/1600 [00:40<00:49, 17.9step/s, loss=0.0612, images=1146/s]
    """

    def __init__(self, log):
        self.log, self.shown, self.drawing = log, time.monotonic(), False

    def __getattr__(self, name):
        return getattr(self.log, name)

    def isatty(self):
        """Progress bars are drawn on terminals alone."""
        return True

    def write(self, text):
        before, self.drawing = self.drawing, "\r" in text
        if not self.drawing:
            self.log.write(text.removeprefix("\n") if before else text)  # a bar ends in the line that it is drawn in
        elif time.monotonic() - self.shown >= EVERY and (bar := text.rpartition("\r")[2].strip()):
            self.shown = time.monotonic()
            self.log.write(re.sub(r"\|.*\|", "", bar) + "\n")


def open_log(path, rule, about):
    """The log at `path`, with the first line of an attempt: what is written stays, line by line, if the writer is killed."""
    path, now = Path(path), datetime.now().isoformat(sep=" ", timespec="seconds")
    values = ", ".join(f"{key}={value}" for key, value in about.items())
    log = io.TextIOWrapper(LogFile(str(kept(path)), "a"), line_buffering=True)
    try:
        path.unlink(missing_ok=True)
        path.symlink_to(kept(path).name)
        begin = "\n" * bool(log.tell())  # a killed attempt may have left half a line
        print(f"{begin}{now} on {platform.node()}: {rule}: {values}".removesuffix(": "), file=log)
    except OSError:
        log.close()
        raise
    return log


def closing(verdict, resources):
    """What an attempt used, beside what it asked for: a mapping with `runtime`, `mem_mb` and `gpu`."""
    minutes, megabytes = (n if isinstance(n := resources.get(key), int) else 0 for key in ("runtime", "mem_mb"))
    time = f"{used()['seconds']:.1f} s" + f" of {minutes} min" * bool(minutes)
    memory = f"{peak_megabytes()}" + f" of {megabytes}" * bool(megabytes) + " MB"
    count = gpus(resources)
    return f"{verdict}: {time}, {memory}, {count} GPU{'s' * (count != 1)}"
