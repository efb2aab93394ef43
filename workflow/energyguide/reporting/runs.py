"""What runs of the workflow tell of themselves: what every rule used, and why jobs failed. Both are read from the jobs' logs."""

import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from energyguide.joblogs import ENDED, KEPT, Attempt, kept, runs
from energyguide.storage import csv_text

COLUMNS = ["rule", "jobs", "attempts", "silent", "hours", "gpu_hours", "time_used", "memory_used"]
HEAD = ["rule", "jobs", "attempts", "hours", "GPU hours", "time", "memory"]
SHARES = "time, memory: the largest share of what it had asked for that an attempt used"
NAMED = 3  # logs that are named of jobs that failed for the same reason
KILLED = "killed before it could say why (out of memory? out of time? its machine?)"
UNBEGUN = "did not begin its log (refused by the cluster? no Python there?); what is printed above may tell"
AGAIN = " the same command again: what is finished stays, and what was interrupted goes on."


def usage(folder):
    """What the present results cost, or the unfinished ones so far: a dictionary of COLUMNS for each rule, the dearest first.

    `silent` counts the attempts that say nothing of what they used; `time_used` and `memory_used` are the largest shares of
    what was asked for, None where nothing was. Earlier runs that ended, and whose results were made anew, are left out.

    Args:
        folder: where the logs are, at any depth.
    """
    rules = defaultdict(list)
    for log in sorted(Path(folder).rglob(f"*{KEPT}")):
        name = log.relative_to(folder).parts[0].removesuffix(KEPT)
        attempts = (runs(log.read_text(errors="replace")) or [[Attempt(name)]])[-1]
        rules[attempts[-1].rule].append(attempts)
    records = []
    for rule, jobs in rules.items():
        attempts = sum(jobs, [])
        values = [
            rule,
            len(jobs),
            len(attempts),
            sum(not a.verdict for a in attempts),
            sum(a.seconds for a in attempts) / 3600,
            sum(a.seconds * a.gpus for a in attempts) / 3600,
            max((a.seconds / 60 / a.minutes for a in attempts if a.verdict and a.minutes), default=None),
            max((a.megabytes / a.megabytes_asked for a in attempts if a.verdict and a.megabytes_asked), default=None),
        ]
        records.append(dict(zip(COLUMNS, values, strict=True)))
    return sorted(records, key=lambda record: (-record["gpu_hours"], -record["hours"], record["rule"]))


def usage_csv(records):
    return csv_text([{key: round(v, 6) if isinstance(v, float) else v for key, v in r.items()} for r in records], COLUMNS)


def usage_table(records):
    """The same as text, with a line of totals, and what is not in it."""

    def cells(record):
        hours = (f"{record[key]:.3f}" for key in COLUMNS[4:6])
        shares = ("" if record[key] is None else f"{record[key]:.1%}" for key in COLUMNS[6:])
        return [record["rule"], str(record["jobs"]), str(record["attempts"]), *hours, *shares]

    total = {"rule": "total", **{key: sum(record[key] for record in records) for key in COLUMNS[1:6]}}
    total |= dict.fromkeys(COLUMNS[6:])
    lines = [HEAD, *map(cells, records), cells(total)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join([name.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip() for name, *others in lines]
    notes = [SHARES]
    if total["silent"]:
        notes.append(
            f"not counted: the hours of attempts that were killed before they could tell, or still run: {total['silent']}"
        )
    return "\n".join([*text[:-1], "", text[-1], "", *notes])


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
        """Its last attempt; None where its logs tell of none."""
        texts = (content(log)[begin:].decode(errors="replace") for log, begin in self.logs.items())
        told = [attempt for text in texts for run in runs(text) for attempt in run]
        return told[-1] if told else None

    def reason(self):
        """Why it is not finished, in one line; None where it just runs or waits."""
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
