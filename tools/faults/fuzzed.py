"""The configuration, changed at random places: the test of `make test`, with many more examples."""

import os
import subprocess
import sys

from project import ROOT

EXAMPLES = 20_000


def main():
    """Rows (fault, tries, what happened). Raises SystemExit where a change ended in anything but a line that names its key."""
    test = [sys.executable, "-m", "pytest", "-q", "tests/test_config.py", "-k", "changed_anywhere"]
    run = subprocess.run(test, cwd=ROOT, env={**os.environ, "FUZZ": str(EXAMPLES)}, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout[-3000:])
    return [("configuration changed at random", EXAMPLES, "each was accepted, or refused in one line that names the key")]
