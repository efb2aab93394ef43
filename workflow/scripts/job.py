"""What all scripts share: where the package is, threads, the log, and one clear line when something is wrong."""

import sys
import time
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from energyguide.checkpoints import Interrupted
from energyguide.slurm import requeue_when_out_of_time
from energyguide.storage import ResumeState, sha256

EXPECTED = (ValueError, OSError, FloatingPointError)  # raised with a line for the user
INTERRUPTED = 75  # exit status of a job that saved its state and can go on: sysexits' EX_TEMPFAIL


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
def job(snakemake):
    """Runs a script's body: output goes to the log; a failure ends it with one line, there and on the terminal."""
    began = time.monotonic()
    terminal = sys.stderr
    with open(snakemake.log[0], "w") as log:
        tee = Tee(log, terminal)
        with redirect_stderr(tee), redirect_stdout(tee):
            wildcards = ", ".join(f"{key}={value}" for key, value in snakemake.wildcards.items())
            print(f"{snakemake.rule}: {wildcards}".strip(": "), file=log, flush=True)
            try:
                if snakemake.params.get("threads"):
                    import torch

                    torch.set_num_threads(snakemake.params.threads)
                yield
            except MadeMeanwhile:
                print("another process has made this meanwhile", file=log)
            except Exception as error:
                if not isinstance(error, (*EXPECTED, Interrupted)):
                    traceback.print_exc(file=log)
                line = f"{snakemake.rule}: {error}" if str(error) else f"{snakemake.rule}: {error!r}"
                print(line, file=log)
                print(line, file=terminal)
                if isinstance(error, Interrupted):
                    requeue_when_out_of_time()
                sys.exit(INTERRUPTED if isinstance(error, Interrupted) else 1)
            print(f"done in {time.monotonic() - began:.1f} s", file=log)


def resume_state(snakemake):
    """Where this job keeps its unfinished state: a folder named by everything that determines its result.

    Waits while another process works there: Snakemake does not know of jobs that a killed Snakemake left running.
    """
    inputs = {str(file): sha256(file) for file in snakemake.input}
    key = [snakemake.rule, dict(snakemake.wildcards), {k: v for k, v in snakemake.params.items() if k != "resume"}, inputs]
    own = "-".join([snakemake.rule, *snakemake.wildcards])
    site = snakemake.config["site"]
    store = ResumeState(Path(site["scratch"] or "", snakemake.params.resume, own), key, site["save_every"])
    if store.claim() and all(Path(path).exists() for path in snakemake.output):
        raise MadeMeanwhile
    return store
