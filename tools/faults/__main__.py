"""Harm done to the pipeline, and what became of it: `make faults`, or

    python tools/faults [--only kills together moved disk_full malformed fuzzed] [--csv FILE]

What was killed, moved or without room ends by the same command in the results of a run that nobody disturbed; what is malformed,
in one line that names it. Takes an hour on two cores.
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
COLUMNS = ["fault", "tries", "what happened"]


def harm(part):
    """The rows of a part; one that tells of it where it broke off."""
    try:
        return import_module(part).main()
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return [(part, "", LOST + (str(error) or repr(error)).strip().splitlines()[-1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--csv")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or runs would ignore it where this was started in the background
    rows = []
    for part in options.only:
        for row in harm(part):
            rows.append(dict(zip(COLUMNS, row, strict=True)))
            print(", ".join(map(str, row)), flush=True)
    print(f"\n{markdown(rows)}")
    if options.csv:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(options.csv, index=False)
    lost = sum(row["what happened"].startswith(LOST) for row in rows)
    sys.exit(f"{lost} of {len(rows)} faults lost something" if lost else 0)


if __name__ == "__main__":
    main()
