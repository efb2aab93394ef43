"""What a run says while it works, and why jobs of it did not finish: from Snakemake's records and the jobs' logs."""

import logging
import re
import textwrap
from collections import defaultdict
from dataclasses import dataclass

from energyguide.run.logs import DONE, MEANWHILE, kept

NOISE = ("Select jobs to execute...", "Execute ")  # once for each job, and nothing that its own lines do not say
FIRST = "Missing output files: "  # the reason of every job whose results were never made
BRIEF = 100  # letters of any other reason
NAMED = 3  # logs that are named of jobs that failed for the same reason
SAYS_DONE = "done, says its log, but Snakemake has not seen its results"
KILLED = "killed before it could say why (out of memory? out of time? its machine?)"
UNBEGUN = "did not begin its log (refused by the cluster? after one of its group? no Python?); what is printed above may tell"
AGAIN = " the same command again: what is finished stays, and what was interrupted goes on."


@dataclass
class Unfinished:
    """A job that a run of the workflow began.

    Attributes:
        sizes: its log files, each with its size in bytes when the job began: what it holds beyond that is this job's.
        failed: whether Snakemake says so.
        said: what Snakemake says of it.
        others: the cluster's logs.
    """

    rule: str
    sizes: dict[str, int]
    failed: bool = False
    said: str = ""
    others: tuple[str, ...] = ()

    def last(self):
        """The last line of its logs; empty if it has not begun them."""
        texts = [content(log)[size:].decode(errors="replace") for log, size in self.sizes.items()]
        return "\n".join(texts).strip().rpartition("\n")[2]

    def reason(self):
        """Why it is not finished, in one line; None if it just runs or waits."""
        last = self.last()
        if last.startswith((f"{DONE}: ", f"{MEANWHILE}: ")):
            return f"{self.rule}: {SAYS_DONE}"
        if not self.failed:
            return None
        if last.startswith(f"{self.rule}: "):
            return last
        if not last:
            return f"{self.rule}: {self.said or UNBEGUN}"
        status = re.search(r"status is: '(\w+)'", self.said)
        return f"{self.rule}: {KILLED}" + (f"; the cluster says {status[1]}" if status else "")


def brief(record):
    """A filter of Snakemake's records: a run says in a line why a job is made again; `snakemake -n` says it in full."""
    if getattr(record, "event", None) == "job_info":
        reason = record.reason or ""
        record.reason = "not made yet" if reason.startswith(FIRST) else textwrap.shorten(reason, BRIEF, placeholder=" ...")
    return not str(record.msg).startswith(NOISE)


def content(log):
    """All attempts of the job whose log is at `log`, as bytes."""
    return kept(log).read_bytes() if kept(log).exists() else b""


class Watch(logging.Handler):
    """Keeps, from the records of Snakemake's logger, the jobs that were begun and not finished.

    Attributes:
        unfinished: by the job's number.
    """

    def __init__(self):
        super().__init__()
        self.unfinished = {}

    def emit(self, record):
        try:
            self.note(getattr(record, "event", None), record)
        except Exception:
            self.handleError(record)

    def note(self, event, record):
        if event == "job_info":
            self.unfinished[record.jobid] = Unfinished(record.rule_name, {log: len(content(log)) for log in record.log})
        elif event == "job_error":
            job = self.unfinished[record.jobid]
            # What the cluster's plugin says, less the command that it gave and the hint to look into the logs.
            said = re.split("sbatch call:|For further error details", record.rule_msg or "")[0]
            job.failed, job.said = True, " ".join(said.split())
            job.others += tuple(log for log in record.log if log not in job.sizes)
        elif event == "group_error":
            for info in record.job_error_info:
                self.unfinished[info["jobid"]].others = tuple(record.aux_logs)
        elif event == "job_finished":
            self.unfinished.pop(record.job_id, None)


def report(jobs):
    """The jobs that failed, by the reason, with their logs; and what to do.

    Args:
        jobs: those that are `Unfinished`.
    """
    reasons, lines = defaultdict(list), []
    for job in jobs:
        reasons[job.reason()].append(job)
    waiting = reasons.pop(None, [])
    for why, failed in reasons.items():
        logs = list(dict.fromkeys(log for job in failed for log in (*(job.sizes if job.last() else ()), *job.others)))
        lines += [f"  {why}" + f" ({len(failed)} jobs)" * (len(failed) > 1), *(f"      {log}" for log in logs[:NAMED])]
        lines += [f"      and {len(logs) - NAMED} more"] * (len(logs) > NAMED)
    if lines:
        lines = [f"{plural(sum(map(len, reasons.values())))} did not finish:", "", *lines, ""]
    lines += [f"{plural(len(waiting))} ran or waited.", ""] * bool(waiting)
    return "\n".join([*lines, ("Mend the reason and run" if reasons else "Run") + AGAIN])


def plural(jobs):
    return f"{jobs} job{'s' * (jobs != 1)}"
