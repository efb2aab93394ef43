"""Puts the package into the path; scripts begin with `from job import job`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from energyguide.run.job import job  # noqa: F401
