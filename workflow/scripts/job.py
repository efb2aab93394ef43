"""What all scripts share: where the package is, threads, the log, and one clear line when something is wrong."""

import signal
import sys
import time
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from energyguide import records
from energyguide.checkpoints import Interrupted
from energyguide.joblogs import closing, header, holds_gpus, kept, open_log, runs
from energyguide.reasons import reason
from energyguide.slurm import requeue_when_out_of_time
from energyguide.storage import ResumeState

EXPECTED = (ValueError, OSError, FloatingPointError)  # raised with a line for the user
INTERRUPTED = 75  # exit status of a job that was stopped, and can go on: sysexits' EX_TEMPFAIL


class MadeMeanwhile(Exception):
    """Another process made the results while this one waited for it."""


class Tee:
    """Writes to the log; and to the terminal, where there is one, so that progress bars stay alive."""

    def __init__(self, log, stream):
        self.log, self.stream = log, stream

    def write(self, text):
        if self.stream.isatty():
            self.stream.write(text)
        if "\r" not in text:
            self.log.write(text)

    def flush(self):
        self.log.flush()
        self.stream.flush()

    def isatty(self):
        return self.stream.isatty()


@contextmanager
def own_log(snakemake):
    """The log of this job; where it cannot be written, the terminal alone has the reason."""
    try:
        with open_log(snakemake.log[0]) as log:
            yield log
    except OSError as error:
        sys.exit(f"{snakemake.rule}: {reason(error)}")


@contextmanager
def job(snakemake):
    """Runs a script's body: output is added to the log, between a line that says what this is and one that says what it used.

    Inputs are checked against their records before, and outputs get theirs after it. A failure adds one line more to the log,
    and to the terminal, with the reason.
    """
    began, terminal = time.monotonic(), sys.stderr
    with own_log(snakemake) as log:
        tee = Tee(log, terminal)

        def close(verdict, why=None):
            lines = [closing(verdict, time.monotonic() - began, snakemake.resources)]
            if why:
                lines.append(f"{snakemake.rule}: {why}")
                print(lines[-1], file=terminal)
            with suppress(OSError):  # a log on a full disk: the terminal has the reason
                print(*lines, sep="\n", file=log)

        with redirect_stderr(tee), redirect_stdout(tee):
            print(header(snakemake.rule, snakemake.wildcards), file=log)
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, where the body knows no better
            try:
                if snakemake.params.get("threads"):
                    import torch

                    torch.set_num_threads(snakemake.params.threads)
                inputs = records.checked(snakemake.input)
                yield
                record(snakemake, inputs, time.monotonic() - began)
            except MadeMeanwhile:
                close("made meanwhile")
            except (Interrupted, KeyboardInterrupt) as error:
                close("interrupted", str(error) or "stopped by a signal; run the same command to go on")
                if isinstance(error, Interrupted):
                    requeue_when_out_of_time(snakemake.config["site"]["grace"])
                sys.exit(INTERRUPTED)
            except Exception as error:
                if not isinstance(error, EXPECTED):
                    with suppress(OSError):
                        traceback.print_exc()
                close("failed", reason(error))
                sys.exit(1)
            else:
                close("done")
            finally:
                signal.signal(signal.SIGTERM, before)


def record(snakemake, inputs, seconds):
    """Write down where the outputs come from, with the time of all attempts that it took, as far as their log tells."""
    attempts = runs(kept(snakemake.log[0]).read_text())[-1]
    gpus = holds_gpus() * (snakemake.resources.get("gpu") or 0)
    records.record(
        snakemake.output,
        rule=snakemake.rule,
        wildcards=dict(snakemake.wildcards.items()),
        params=dict(snakemake.params.items()),
        inputs=inputs,
        attempts=len(attempts),
        seconds=seconds + sum(attempt.seconds for attempt in attempts),
        device_seconds=seconds * gpus + sum(attempt.seconds * attempt.gpus for attempt in attempts),
    )


def resume_state(snakemake):
    """Where this job keeps its unfinished state: a folder named by everything that determines its result.

    Waits while another process works there: Snakemake does not know of jobs that a killed Snakemake left running. It removes
    the results of a job before it starts it: if they are there, the other has made them.
    """
    params = {key: value for key, value in snakemake.params.items() if key != "resume"}
    key = [snakemake.rule, dict(snakemake.wildcards), params, records.checked(snakemake.input)]
    own = "-".join([snakemake.rule, *snakemake.wildcards])
    site = snakemake.config["site"]
    store = ResumeState(Path(site["scratch"] or "", snakemake.params.resume, own), key, site["save_every"])
    store.claim()
    if records.holds(snakemake.output):
        raise MadeMeanwhile
    return store
