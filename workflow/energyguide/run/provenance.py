"""The way from a result back to the data, by the records of the jobs; and whose results lie in a folder."""

import json
import uuid
from pathlib import Path

from energyguide.files.atomic import digest, read_json, sha256, write_json
from energyguide.files.records import FOLDER, commit, configuration_of, holds, read, record_of, run_of


def chain(path, depth=0, seen=None):
    """A file and all that it was made from, back to the data: (depth, path, record) of each, depth first.

    The record is None for a file that no job made. What was met before is not followed again.
    """
    seen = set() if seen is None else seen
    made = read(path)
    yield depth, path, made
    if made and path not in seen:
        seen.add(path)
        for name in made["inputs"]:
            yield from chain(name, depth + 1, seen)


def trace(name, numbers):
    """The `chain` of a result for readers; of the files that no job made, such as the project's own, only their number.

    Args:
        name: of a file, or of a macro that stands for a number in the text.
        numbers: the file that defines the macros.

    Raises ValueError for a file without a record.
    """
    defined = Path(numbers).read_text().splitlines() if Path(numbers).exists() else []
    lines = [line for line in defined if line.startswith(rf"\newcommand{{\{name}}}")]
    path, shown = numbers if lines else name, set()
    if not read(path):
        raise ValueError(f"{path} has no record; name a file under results/ that a job has finished")
    for depth, name, made in chain(path):
        if made and name not in shown:
            lines.append(f"{'  ' * depth}{name}  {described(name, made)}")
        elif made:
            lines.append(f"{'  ' * depth}{name}  (above)")
        shown.add(name)
    return "\n".join([*lines, f"made anew by: snakemake {path} --force"])


def described(path, made):
    """What a record says, in a line."""
    wildcards = ", ".join(f"{key}={value}" for key, value in made["wildcards"].items())
    others = sum(read(name) is None for name in made["inputs"])
    changed = "" if holds([path]) else "; IT HAS CHANGED SINCE"
    job = f"{made['rule']} {wildcards}".strip()
    return f"{made['sha256'][:12]}  by {job} in {made['seconds']:.0f} s, {commit(made)}, {others} files of the project{changed}"


class Checkout:
    """Whose results lie in results/<experiment>, `folder`: Snakemake knows how they were made only where it made them.

    Args:
        experiment: the configuration.
        own: a file in Snakemake's own folder, which names this checkout.
    """

    def __init__(self, folder, experiment, own=".snakemake/checkout.json"):
        self.folder, self.experiment, self.own = Path(folder), experiment, Path(own)

    def name(self):
        return read_json(self.own) if self.own.exists() else None

    def others(self):
        """The checkouts whose results are among those here, beside this one."""
        run = run_of(self.folder)
        return {*(said := read_json(run))["others"], said["checkout"]} - {self.name()} if run.exists() else set()

    def check(self, params_today):
        """Whether results that other checkouts made are those that this one would make.

        Args:
            params_today: (rule, wildcards) -> the params of that job, or None if there is no such job any more.

        Raises ValueError for the first that is not.
        """
        if not (others := self.others()):
            return
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file() and FOLDER not in p.parts):
            made = read(path)
            asked = params_today(made["rule"], made["wildcards"]) if made and made["checkout"] in others else None
            if asked is None:
                continue
            asked = json.loads(json.dumps(asked))
            if asked != (then := {name: made["params"].get(name) for name in asked}):
                raise self.foreign(path, f"other params ({difference(then, asked)})")
            for name, checksum in made["inputs"].items():
                if not Path(name).is_file() or sha256(name) != checksum:
                    raise self.foreign(path, f"another {name}")

    def foreign(self, path, what):
        return ValueError(f"{path} was made elsewhere, with {what}; move {self.folder} away, or delete what is to be made anew")

    def claim(self, touched=()):
        """Note that a run begins here, and its configuration. What Snakemake has `touched`, it knows from then on."""
        if not self.own.exists():
            write_json(self.own, uuid.uuid4().hex)
        configuration = digest(self.experiment)
        write_json(configuration_of(self.folder, configuration), self.experiment)
        write_json(
            run_of(self.folder), {"checkout": self.name(), "others": sorted(self.others()), "configuration": configuration}
        )
        for path in filter(read, touched):
            write_json(record_of(path), {**read(path), "checkout": self.name()})


def difference(there, here, where=""):
    """The first key in which two mappings differ, with both values."""
    key = next(key for key in {**here, **there} if there.get(key) != here.get(key))
    a, b, name = there.get(key), here.get(key), f"{where}.{key}".lstrip(".")
    return difference(a, b, name) if isinstance(a, dict) and isinstance(b, dict) else f"{name} is {a!r} there, {b!r} here"
