"""The log of a job, to which every attempt adds. It begins with what, when and where, and ends, if it can, with what it used:

    2026-11-21 12:31:18 on node7: sample: variant=ddpm, scales=0, shard=3
    ...
    failed: 3480.2 s of 60 min, 5120 of 8000 MB, 1 GPU
    sample: ddpm: 2 of 500 samples ceased to be finite, the first with 12 steps to go; its model is broken: ...

An attempt that was killed has no end. Snakemake removes a job's log before each attempt: so what is written goes into a file
beside it, and the log is a link to that.
"""

import io
import os
import platform
import re
import resource
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

KEPT = ".attempts"  # the suffix of that file
ENDED = ("done", "made meanwhile")  # the results are there; after them a header begins another run of the job
STOPPED = ("interrupted", "failed")  # a line with the reason follows


HEADER = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d on \S+: (\w+)")
CLOSING = re.compile(rf"({'|'.join(ENDED + STOPPED)}): (\d+\.\d) s(?: of (\d+) min)?, (\d+)(?: of (\d+))? MB, (\d+) GPUs?$")


@dataclass
class Attempt:
    """One attempt of a job, as far as its log tells.

    Attributes:
        verdict: how it ended, one of ENDED and STOPPED; None if it was killed or still runs.
        seconds, minutes: wall time, used and asked for.
        megabytes, megabytes_asked: memory at its peak (of the largest process, in 2^20 bytes), and asked for.
        gpus: how many it held.
        reason: the last line after the closing one.
    What was not asked for is None.
    """

    rule: str
    verdict: str | None = None
    seconds: float = 0.0
    minutes: int | None = None
    megabytes: int = 0
    megabytes_asked: int | None = None
    gpus: int = 0
    reason: str = ""

    def close(self, closing):
        self.verdict, self.seconds = closing[1], float(closing[2])
        self.minutes, self.megabytes, self.megabytes_asked, self.gpus = (int(n) if n else None for n in closing.groups()[2:])


def kept(log):
    """Where all attempts of a job write to, whose log is at `log`."""
    return Path(log).with_suffix(KEPT)


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


@contextmanager
def open_log(path):
    """The log at `path`, to add an attempt to it, line by line: what is written stays if the writer is killed."""
    path = Path(path)
    with io.TextIOWrapper(LogFile(str(kept(path)), "a"), line_buffering=True) as log:
        path.unlink(missing_ok=True)
        path.symlink_to(kept(path).name)
        if log.tell():  # a killed attempt may have left half a line
            print(file=log)
        yield log


def header(rule, wildcards):
    """The first line of an attempt of a job of `rule`, with wildcards name -> value."""
    now = datetime.now().isoformat(sep=" ", timespec="seconds")
    values = ", ".join(f"{key}={value}" for key, value in wildcards.items())
    return f"{now} on {platform.node()}: {rule}: {values}".removesuffix(": ")


def closing(verdict, seconds, resources):
    """What an attempt used in `seconds` of wall time, beside what it asked for: a mapping with `runtime`, `mem_mb` and `gpu`."""
    minutes, megabytes, gpus = (n if isinstance(n := resources.get(key), int) else 0 for key in ("runtime", "mem_mb", "gpu"))
    time = f"{seconds:.1f} s" + f" of {minutes} min" * bool(minutes)
    memory = f"{peak_megabytes()}" + f" of {megabytes}" * bool(megabytes) + " MB"
    gpus *= holds_gpus()
    return f"{verdict}: {time}, {memory}, {gpus} GPU{'s' * (gpus != 1)}"


def peak_megabytes():
    """The most memory that this process, or one that it started and waited for, held so far; in 2^20 bytes, as Slurm counts."""
    own, others = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss begins with what Snakemake held when it started this process
        own = int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    return round(max(own, others) / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def holds_gpus():
    """Whether what was asked for was given: on a cluster, and where torch, if it is in use, finds a GPU."""
    torch = sys.modules.get("torch")
    return "SLURM_JOB_ID" in os.environ or bool(torch and torch.cuda.is_available())


def runs(text):
    """The attempts that the text of a log tells of, in order, as a list of those of each run: up to the one that ended it.

    A closing line is taken for that of the last attempt that has none: of two processes that were at work on the same job at
    the same time it cannot be told whose it is, and does not matter to sums.
    """
    found, last = [], None
    for line in text.splitlines():
        if begun := HEADER.match(line):
            if not found or any(attempt.verdict in ENDED for attempt in found[-1]):
                found.append([])
            found[-1].append(Attempt(begun[1]))
            last = None
        elif found and (ended := CLOSING.search(line)):
            last = next((attempt for attempt in reversed(found[-1]) if not attempt.verdict), None)
            if last:
                last.close(ended)
        elif last and line.strip():
            last.reason = line
    return found
