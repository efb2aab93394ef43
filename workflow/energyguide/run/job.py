"""What every script runs in: threads, the log, the records, and one clear line when something is wrong."""

import os
import signal
import sys
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

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
    """Runs a script's body: output is added to the log, between a line that says what this is and one that says what it used.

    Inputs are checked against their records before, and outputs get theirs after it. A failure adds one line more to the log,
    and to the terminal, with the reason; without a log, to the terminal alone.
    """
    terminal = sys.stderr
    try:
        log = logs.open_log(snakemake.log[0], snakemake.rule, snakemake.wildcards)
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
            inputs = records.checked(snakemake.input)
            yield
            record(snakemake, inputs)
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


def record(snakemake, inputs):
    """Write down where the outputs come from, with the time of all attempts that it took, as far as they could save it."""
    store = store_of(snakemake, inputs) if snakemake.params.get("resume") else None
    each = store.used().values() if store else [used()]
    spent = {key: sum(attempt[key] for attempt in each) for key in ("seconds", "cpu_seconds")}
    records.record(
        snakemake.output,
        rule=snakemake.rule,
        wildcards=dict(snakemake.wildcards.items()),
        params=dict(snakemake.params.items()),
        inputs=inputs,
        attempts=store and store.attempts() or 1,
        **spent,
        device_seconds=spent["seconds"] * gpus(snakemake.resources),
        **provenance(),
    )


def store_of(snakemake, inputs):
    """Where this job keeps its unfinished state: a folder named by everything that determines its result.

    `inputs` are those of the job with their checksums.
    """
    params = {key: value for key, value in snakemake.params.items() if key != "resume"}
    key = [snakemake.rule, dict(snakemake.wildcards), params, inputs]
    own, site = "-".join([snakemake.rule, *snakemake.wildcards]), snakemake.config["site"]
    return ResumeState(Path(site["scratch"] or "", snakemake.params.resume, own), key, site["save_every"], begun=only_warn)


def resume_state(snakemake):
    """The store of this job's unfinished state, for this process alone.

    Waits while another process works there: Snakemake does not know of jobs that a killed Snakemake left running. It removes
    the results of a job before it starts it: if they are there, the other has made them.
    """
    store = store_of(snakemake, records.checked(snakemake.input))
    store.claim()
    if records.holds(snakemake.output):
        raise MadeMeanwhile
    return store
