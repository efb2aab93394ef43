"""The way from a result back to the data, by the records of the jobs; and the configuration of a run."""

from pathlib import Path

from energyguide.files.atomic import digest, write_json
from energyguide.files.records import commit, configuration_of, holds, read, run_of


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
        numbers: the files that define the macros.

    Raises ValueError for a file without a record.
    """
    path, lines, shown = name, [], set()
    for file in filter(Path.exists, map(Path, numbers)):
        if own := [line for line in file.read_text().splitlines() if line.startswith(rf"\newcommand{{\{name}}}")]:
            path, lines = str(file), own
    if not read(path):
        raise ValueError(f"{path} has no record; name a file under results/ that a job has finished")
    for depth, name, made in chain(path):
        if made and name not in shown:
            lines.append(f"{'  ' * depth}{name}  {described(name, made)}")
        elif made:
            lines.append(f"{'  ' * depth}{name}  (above)")
        shown.add(name)
    return "\n".join([*lines, f"made again by: snakemake {path} --force"])


def described(path, made):
    """What a record says, in a line."""
    wildcards = ", ".join(f"{key}={value}" for key, value in made["wildcards"].items())
    others = sum(read(name) is None for name in made["inputs"])
    changed = "" if holds([path]) else "; IT HAS CHANGED SINCE"
    job = f"{made['rule']} {wildcards}".strip()
    return f"{made['sha256'][:12]}  by {job} in {made['seconds']:.0f} s, {commit(made)}, {others} files of the project{changed}"


def keep_configuration(folder, experiment):
    """Keep the configuration of a run in `folder`, results/<experiment>; records tell of it by its digest."""
    name = digest(experiment)
    write_json(configuration_of(folder, name), experiment)
    write_json(run_of(folder), {"configuration": name})
