"""What the present results cost, by rule, from their records."""

import json
from pathlib import Path

import pandas

from energyguide.files.atomic import read_json
from energyguide.files.records import FOLDER

HOURS = {"seconds": "hours", "cpu_seconds": "cpu_hours", "device_seconds": "gpu_hours"}  # in records: in the table
SUMS = ["jobs", "attempts", *HOURS]


def usage(folder):
    """A data frame of the results in `folder`: rule, jobs, attempts, hours, cpu_hours, gpu_hours; the dearest first.

    What a record does not tell of is counted as none.
    """
    records = [read_json(path) for path in Path(folder, FOLDER).rglob("*.json") if path.name != "run.json"]
    rows = [{**made, "jobs": 1, "job": made.get("job", json.dumps(made["wildcards"]))} for made in records if "wildcards" in made]
    found = pandas.DataFrame(rows, columns=["rule", "job", *SUMS]).drop_duplicates(["rule", "job"]).groupby("rule")[SUMS].sum()
    found[[*HOURS]] = found[[*HOURS]].astype(float) / 3600
    return found.rename(columns=HOURS).sort_values(["gpu_hours", "hours"], ascending=False).reset_index()
