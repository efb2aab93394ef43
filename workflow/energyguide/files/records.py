"""What is known of each result: its record, beside all results.

The record of results/<experiment>/metrics/a.json is results/<experiment>/provenance/metrics/a.json.json. It holds the
checksum of the file, and of its sidecar where it has one; and of the job that made it the inputs with their checksums, the
params, the configuration, versions, machine and time. Whoever reads a result checks it against its record first.
"""

from pathlib import Path

from energyguide.files.arrays import sidecar
from energyguide.files.atomic import read_json, sha256, write_json

FOLDER = "provenance"
LOCK = Path("requirements.lock")


def folder_of(path):
    """Where the records are of all results of an experiment, of which `path` is one, or the folder results/<experiment>."""
    return Path(*Path(path).parts[:2], FOLDER)


def record_of(path):
    """Where the record of a result is."""
    *inner, name = Path(path).parts[2:]
    return folder_of(path).joinpath(*inner, f"{name}.json")


def read(path):
    """The record of a result; None if it has none, as what was not made by a job."""
    return read_json(record_of(path)) if len(Path(path).parts) > 2 and record_of(path).exists() else None


def recorded(path):
    """The checksum of a result or of its sidecar, as its job wrote it, and the record that says so; None without a record."""
    own = read(path)
    if own:
        return own["sha256"], record_of(path)
    if Path(path).suffix == ".json" and (main := read(Path(path).with_suffix(""))):
        return main.get("sidecar_sha256"), record_of(Path(path).with_suffix(""))
    return None


def checked(paths):
    """The checksums of files, path -> SHA-256.

    Raises ValueError for a result that is not what its job wrote.
    """
    checksums = {str(path): sha256(path) for path in paths}
    for path, checksum in checksums.items():
        known = recorded(path)
        if known and known[0] != checksum:
            raise ValueError(f"{path} is damaged: its checksum is not the one in {known[1]}; delete it and run again")
    return checksums


def holds(paths):
    """Whether all these files are there, as their jobs wrote them."""
    return all(Path(path).exists() and (known := recorded(path)) and known[0] == sha256(path) for path in paths)


def commit(made):
    """The commit that a record tells of, for readers: with a + where files differed from it."""
    return f"{made['commit'][:7]}{'+' * bool(made['dirty'])}" if made["commit"] else "none"


def run_of(path):
    """Where the digest of the configuration of the last run is: a JSON."""
    return folder_of(path) / "run.json"


def configuration_of(path, digest):
    """Where a configuration that results were made with is kept."""
    return folder_of(path) / "configurations" / f"{digest}.json"


def record(paths, **info):
    """Write the records of what one job made, if anything, with `info` of the job: one a result, its sidecar included."""
    if not paths:
        return
    run = run_of(paths[0])
    said = read_json(run) if run.exists() else {}
    common = {"configuration": said.get("configuration"), **info, "lock": sha256(LOCK) if LOCK.exists() else None}
    sidecars = {str(sidecar(path)) for path in paths} & set(map(str, paths))
    for path in (path for path in paths if str(path) not in sidecars):
        beside = str(sidecar(path))
        own = {"sha256": sha256(path), **({"sidecar_sha256": sha256(beside)} if beside in sidecars else {})}
        write_json(record_of(path), {**own, **common})
