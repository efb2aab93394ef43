"""What every script runs in: threads, the log, the records, and one clear line when something is wrong."""

import signal
import sys
import time
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

from energyguide.files import records
from energyguide.run.digests import NEUTRAL
from energyguide.run.logs import closing, header, holds_gpus, kept, open_log, runs
from energyguide.run.machine import provenance
from energyguide.run.reasons import reason
from energyguide.run.resume import Interrupted, ResumeState
from energyguide.run.slots import take_gpu
from energyguide.run.slurm import requeue_when_out_of_time

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


class Imports:
    """Refuses modules that a result would depend on without Snakemake's knowledge: those not in the digests of the rule.

    It stands before all finders of modules, and finds none. Once the work has begun it only warns: nothing made is lost.

    Attributes:
        partial: whether the rule has digests of parts of modules, as of topics of reporting, which cannot be checked so.
    """

    def __init__(self, rule, params):
        values = [each for value in params for each in (value if isinstance(value, list | tuple) else [value])]
        self.rule, self.working = rule, False
        self.known = {each.split()[0] for each in values if isinstance(each, str) and each.strip()}
        self.partial = any(name.startswith("reporting/") for name in self.known)

    def find_spec(self, name, path=None, target=None):
        package, *parts = name.split(".")
        if package == "energyguide" and len(parts) > 1 and parts[0] not in NEUTRAL and not self.known_or_package(parts):
            said = f"{name} is not among the params of rule {self.rule}, so an edit of it would not run the job again"
            if not self.working:
                raise ValueError(f"{said}; give the rule `code(...)` of its script, and `named(...)` of what is found by name")
            print(f"warning: {said}")

    def known_or_package(self, parts):
        module = Path(__file__).parents[1].joinpath(*parts)
        return "/".join(parts) in self.known or module.is_dir()


def only_warn():
    """From now on modules that are not in the digests only bring a warning."""
    for finder in sys.meta_path:
        if isinstance(finder, Imports):
            finder.working = True


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
            guard = Imports(snakemake.rule, snakemake.params)
            if snakemake.output and not guard.partial:
                sys.meta_path.insert(0, guard)
            try:
                if snakemake.resources.get("gpu"):
                    take_gpu()
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
                with suppress(ValueError):
                    sys.meta_path.remove(guard)
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
        **provenance(),
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
    store = ResumeState(Path(site["scratch"] or "", snakemake.params.resume, own), key, site["save_every"], begun=only_warn)
    store.claim()
    if records.holds(snakemake.output):
        raise MadeMeanwhile
    return store
