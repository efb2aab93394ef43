"""Harm done to the pipeline, and what became of it: `make faults`, or

    python tools/faults [--only kills together moved disk_full malformed fuzzed] [--seed 0] [--csv FILE]

What was killed, moved or without room ends by the same command in the results of a run that nobody disturbed; what is malformed,
in one line that names it. Takes an hour on two cores. Seeds differ in when kills strike, and what; a CSV gathers the runs.
"""

import argparse
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path

sys.path.extend(str(Path(__file__).parents[2] / folder) for folder in ("tests", "workflow", "tools"))

import pandas as pd
from project import markdown
from trees import LOST

PARTS = "kills", "together", "moved", "disk_full", "malformed", "fuzzed"  # modules here, with a main() that returns rows
SEEDED = {"kills"}  # parts that chance decides
COLUMNS = ["fault", "tries", "what happened"]


def harm(part, seed):
    """The rows of a part; one that tells of it where it broke off."""
    try:
        return import_module(part).main(seed) if part in SEEDED else import_module(part).main()
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return [(part, "", LOST + (str(error) or repr(error)).strip().splitlines()[-1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or runs would ignore it where this was started in the background
    rows = []
    for part in options.only:
        for row in harm(part, options.seed):
            rows.append(dict(zip(COLUMNS, row, strict=True)))
            print(", ".join(map(str, row)), flush=True)
    print(f"\n{markdown(rows)}")
    if options.csv:
        earlier = [pd.read_csv(options.csv)] if options.csv.exists() else []
        found = pd.concat([*earlier, pd.DataFrame(rows, columns=COLUMNS).assign(seed=options.seed)])
        found.to_csv(options.csv, index=False)
        lost = found[COLUMNS[-1]].str.startswith(LOST)
        totals = found.assign(lost=lost).groupby("fault", sort=False)[["tries", "lost"]].sum()
        print(f"\nin all runs so far:\n\n{markdown(totals.reset_index().to_dict('records'))}")
    lost = sum(row["what happened"].startswith(LOST) for row in rows)
    sys.exit(f"{lost} of {len(rows)} faults lost something" if lost else 0)


if __name__ == "__main__":
    main()
