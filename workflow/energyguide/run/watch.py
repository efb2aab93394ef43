"""Why jobs of a run did not finish, from Snakemake's records and the jobs' logs."""

import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from energyguide.run.logs import ENDED, kept, runs

NAMED = 3  # logs that are named of jobs that failed for the same reason
KILLED = "killed before it could say why (out of memory? out of time? its machine?)"
UNBEGUN = "did not begin its log (refused by the cluster? no Python there?); what is printed above may tell"
AGAIN = " the same command again: what is finished stays, and what was interrupted goes on."


@dataclass
class Unfinished:
    """A job that a run of the workflow began.

    Attributes:
        logs: its log files, each with its size in bytes when the job began: what it holds beyond that is this job's.
        group: the numbers of the jobs that share its fate: where a cluster runs several as one, theirs.
        failed: whether Snakemake says so.
        said: what Snakemake says of it.
        others: the cluster's logs.
    """

    rule: str
    logs: dict[str, int]
    group: tuple
    failed: bool = False
    said: str = ""
    others: tuple[str, ...] = ()

    @cached_property
    def last(self):
        """Its last attempt; None if its logs tell of none."""
        texts = (content(log)[begin:].decode(errors="replace") for log, begin in self.logs.items())
        told = [attempt for text in texts for run in runs(text) for attempt in run]
        return told[-1] if told else None

    def reason(self):
        """Why it is not finished, in one line; None if it just runs or waits."""
        last = self.last
        if last and last.verdict in ENDED:
            return f"{self.rule}: done, says its log, but Snakemake has not seen its results"
        if last and (last.verdict == "failed" or last.verdict and self.failed):
            return last.reason or f"{self.rule}: {last.verdict}"
        if not self.failed:
            return None
        if not last:
            return f"{self.rule}: {self.said or UNBEGUN}"
        status = re.search(r"status is: '(\w+)'", self.said)
        cluster = f"; the cluster says {status[1]}" if status else ""
        return f"{self.rule}: {KILLED}{cluster}"


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
            self.unfinished[record.jobid] = Unfinished(
                record.rule_name, {log: len(content(log)) for log in record.log}, record.jobid
            )
        elif event == "job_error":
            job = self.unfinished[record.jobid]
            job.failed, job.said = True, one_line(record.rule_msg or "")
            job.others += tuple(log for log in record.log if log not in job.logs)
        elif event == "group_error":
            group = tuple(info["jobid"] for info in record.job_error_info)
            for number in group:
                self.unfinished[number].group, self.unfinished[number].others = group, tuple(record.aux_logs)
        elif event == "job_finished":
            self.unfinished.pop(record.job_id, None)


def one_line(message):
    """What the cluster's plugin says of a job, less the command that it gave and the hint to look into the logs."""
    return " ".join(re.split("sbatch call:|For further error details", message)[0].split())


def report(jobs):
    """The jobs that failed, by the reason, with their logs; and what to do.

    Of jobs that fail together only those are named whose logs say why, if any does.

    Args:
        jobs: those that are `Unfinished`.
    """
    groups, reasons = defaultdict(list), defaultdict(list)
    for job in jobs:
        groups[job.group].append((job, job.reason()))
    for group in groups.values():
        blamed = [(job, why) for job, why in group if why and job.last and job.last.verdict not in ENDED]
        for job, why in blamed or group:
            if why:
                reasons[why].append(job)
    lines = []
    for why, failed in reasons.items():
        logs = list(dict.fromkeys(log for job in failed for log in (*(job.logs if job.last else ()), *job.others)))
        lines += [f"  {why}" + (f" ({len(failed)} jobs)" if len(failed) > 1 else ""), *(f"      {log}" for log in logs[:NAMED])]
        lines += [f"      and {len(logs) - NAMED} more"] * (len(logs) > NAMED)
    failed, waiting = sum(map(len, reasons.values())), sum(why is None for group in groups.values() for _, why in group)
    return "\n".join(
        [
            *([f"{plural(failed)} did not finish:", "", *lines, ""] if failed else []),
            *([f"{plural(waiting)} ran or waited.", ""] if waiting else []),
            ("Mend the reason and run" if failed else "Run") + AGAIN,
        ]
    )


def plural(jobs):
    return f"{jobs} job{'s' * (jobs != 1)}"
