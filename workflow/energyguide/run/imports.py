"""Refuses modules that a result would depend on without Snakemake's knowledge: those not in the digests of the rule."""

import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from energyguide.run.digests import NEUTRAL


class Imports:
    """Stands before all finders of modules, and finds none. Once the work has begun it only warns: nothing made is lost.

    Attributes:
        partial: whether the rule has digests of parts of modules, as of topics of reporting, which cannot be checked so.
    """

    def __init__(self, rule, params):
        values = [each for value in params for each in (value if isinstance(value, list | tuple) else [value])]
        self.rule, self.working = rule, False
        self.known = {each.split()[0] for each in values if isinstance(each, str) and each.strip()}
        self.partial = any(name.startswith("reporting/") for name in self.known)

    def find_spec(self, name, path=None, target=None):
        package, *parts = name.split(".")
        if package == "energyguide" and len(parts) > 1 and parts[0] not in NEUTRAL and not self.known_or_package(parts):
            said = f"{name} is not among the params of rule {self.rule}, so an edit of it would not run the job again"
            if not self.working:
                raise ValueError(f"{said}; give the rule `code(...)` of its script, and `named(...)` of what is found by name")
            print(f"warning: {said}")

    def known_or_package(self, parts):
        return "/".join(parts) in self.known or Path(__file__).parents[1].joinpath(*parts).is_dir()


@contextmanager
def only_known(snakemake):
    """Inside, the job of a rule with results can import no other science module than those in its digests."""
    guard = Imports(snakemake.rule, snakemake.params)
    if snakemake.output and not guard.partial:
        sys.meta_path.insert(0, guard)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.meta_path.remove(guard)


def only_warn():
    """From now on modules that are not in the digests only bring a warning."""
    for finder in sys.meta_path:
        if isinstance(finder, Imports):
            finder.working = True
