"""What every rule used, from the jobs' logs."""

from collections import defaultdict
from pathlib import Path

from energyguide.run.logs import KEPT, Attempt, runs

COLUMNS = ["rule", "jobs", "attempts", "silent", "hours", "gpu_hours", "time_used", "memory_used"]
HEAD = ["rule", "jobs", "attempts", "hours", "GPU hours", "time", "memory"]
SHARES = "time, memory: the largest share of what it had asked for that an attempt used"


def usage(folder):
    """What the present results cost, or the unfinished ones so far: a dictionary of COLUMNS for each rule, the dearest first.

    `silent` counts the attempts that say nothing of what they used; `time_used` and `memory_used` are the largest shares of
    what was asked for, None if nothing was. Earlier runs that ended, and whose results were made anew, are left out.

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


def rounded(records):
    """The same for a CSV: no number has more than six decimals."""
    return [{key: round(v, 6) if isinstance(v, float) else v for key, v in record.items()} for record in records]


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
