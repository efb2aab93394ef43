"""What every script runs in: threads, the log, the records, and one clear line when something is wrong."""

import os
import re
import signal
import sys
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from energyguide.files import records
from energyguide.run import logs
from energyguide.run.imports import only_known, only_warn
from energyguide.run.locks import take_gpu
from energyguide.run.machine import gpus, provenance, used
from energyguide.run.reasons import reason
from energyguide.run.resume import Interrupted, ResumeState
from energyguide.run.slurm import requeue_when_out_of_time

EXPECTED = (ValueError, OSError, FloatingPointError)  # raised with a line for the user
INTERRUPTED = 75  # exit status of a job that was stopped, and can go on: sysexits' EX_TEMPFAIL
STOPPED = "stopped by a signal; run the same command to go on"


class MadeMeanwhile(Exception):
    """Another process made the results while this one waited for it."""


@contextmanager
def job(snakemake):
    """Runs a script's body, and gives it its `Work`.

    Output is added to the log, between a line that says what this is and one that says what it used. Inputs are checked
    against their records before, and outputs get theirs after it. A failure adds one line more to the log, and to the
    terminal, with the reason; without a log, to the terminal alone.
    """
    terminal = sys.stderr
    try:
        log = logs.open_log(snakemake.log[0], snakemake.rule, about(snakemake))
    except OSError as error:
        sys.exit(f"{snakemake.rule}: {reason(error)}")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, where the body knows no better
    verdict, why, status, resumable = logs.DONE, None, 0, False
    said = logs.Output(log)
    with log, redirect_stderr(said), redirect_stdout(said), only_known(snakemake):
        try:
            if snakemake.resources.get("gpu"):
                take_gpu()
                share_compiled(snakemake)
            work = Work(snakemake, records.checked(snakemake.input))
            yield work
            if snakemake.output:
                work.record()
        except MadeMeanwhile:
            verdict = logs.MEANWHILE
        except (Interrupted, KeyboardInterrupt) as error:
            verdict, why, status, resumable = logs.INTERRUPTED, str(error) or STOPPED, INTERRUPTED, isinstance(error, Interrupted)
        except Exception as error:
            verdict, why, status = logs.FAILED, reason(error), 1
            if not isinstance(error, EXPECTED):
                with suppress(OSError):
                    traceback.print_exc()
        told = [f"{snakemake.rule}: {why}"] if why else []
        for line in told:
            print(line, file=terminal)
        with suppress(OSError):  # a log on a full disk: the terminal has the reason
            print(logs.closing(verdict, snakemake.resources), *told, sep="\n", file=log)
    if resumable:
        requeue_when_out_of_time(snakemake.config["site"]["grace"])
    signal.signal(signal.SIGTERM, before)
    if status:
        sys.exit(status)


def share_compiled(snakemake):
    """Let torch keep what it compiles where all jobs of the experiment find it, unless the user has named a folder for it.

    To be called before torch is imported. Torch names what it keeps by all that it was compiled from.
    """
    if resume := snakemake.params.get("resume"):
        folder = Path(snakemake.config["site"]["scratch"] or "", resume, "compiled").absolute()
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))


def about(snakemake):
    """What tells a job from others of its rule: its wildcards, and the names of its results if they are several."""
    wildcards, each = dict(snakemake.wildcards.items()), snakemake.params.get("each", {})
    return wildcards | ({"results": ", ".join(each)} if len(each) > 1 else {})


@dataclass(frozen=True)
class Result:
    """One of the results that a job makes.

    Attributes:
        name: its name; empty if the job makes no other.
        params: those of the rule, and its own.
        output: its files, by the names that the rule gives them.
        inputs: the checksums of what it is made from, by path.
        wildcards: what tells it from other results of the rule.
    """

    name: str
    params: SimpleNamespace
    output: SimpleNamespace
    inputs: dict
    wildcards: dict


class Work:
    """What a job makes: one result, or several, one after another, whose own params are the rule's `each`, by name.

    Args:
        inputs: the checksums of the job's inputs, by path.
    """

    def __init__(self, snakemake, inputs):
        self.snakemake, self.inputs, self.first = snakemake, inputs, None
        self.rule = re.sub(r"_\d+$", "", snakemake.rule)  # without the number of a pack

    def results(self):
        """Every `Result` of the job."""
        params, wildcards = dict(self.snakemake.params.items()), dict(self.snakemake.wildcards.items())
        each, files = params.pop("each", {"": {}}), dict(self.snakemake.output.items())
        params.pop("resume", None)
        owned = {name: set(flat(own.get("files", ()))) for name, own in each.items()}
        for place, (name, own) in enumerate(each.items()):
            output = SimpleNamespace(**{key: paths[place] if name else paths for key, paths in files.items()})
            others = set().union(*owned.values()) - owned[name]
            inputs = {path: checksum for path, checksum in self.inputs.items() if path not in others}
            own_wildcards = {"name": name, **wildcards} if name else wildcards
            yield Result(name, SimpleNamespace(**params, **own), output, inputs, own_wildcards)

    def store(self, result=None):
        """The store of a result's unfinished state, for this process alone: a folder named by everything that determines it.

        Waits while another process works there: Snakemake does not know of jobs that a killed Snakemake left running. It
        removes the results of a job before it starts it: if they are there, the other has made them.
        """
        result, site = result or next(self.results()), self.snakemake.config["site"]
        key = [self.rule, result.wildcards, vars(result.params), result.inputs]
        own = "-".join([self.rule, *result.wildcards.values()]).replace("/", "-")
        folder = Path(site["scratch"] or "", self.snakemake.params.resume, own)
        store = ResumeState(folder, key, site["save_every"], begun=only_warn, ledger=self.first)
        self.first = self.first or store
        store.claim()
        if records.holds(self.snakemake.output):
            raise MadeMeanwhile
        return store

    def record(self):
        """Write down where the results come from, with the time of all attempts, as far as they could save it."""
        times = self.first.used().values() if self.first else [used()]
        spent = {key: sum(attempt[key] for attempt in times) for key in ("seconds", "cpu_seconds")}
        common = {
            "rule": self.rule,
            "job": str(self.snakemake.log[0]),
            "attempts": self.first.attempts() if self.first else 1,
            **spent,
            "device_seconds": spent["seconds"] * gpus(self.snakemake.resources),
            **provenance(),
        }
        for result in self.results():
            paths = flat(vars(result.output)) if vars(result.output) else self.snakemake.output
            records.record(paths, wildcards=result.wildcards, params=vars(result.params), inputs=result.inputs, **common)


def flat(files):
    """The paths in a path, a list of paths, or a mapping of these."""
    if isinstance(files, str):
        return [files]
    return [path for part in (files.values() if isinstance(files, dict) else files) for path in flat(part)]
