"""Whether two folders of results hold the same, bit for bit, times and provenance apart:

    python tools/same.py A B [--renamed FILE] [--shown]

It is to show that a change of the code changed no result. Results are weights, arrays, measurements, sidecars, and tables as
CSV: one that differs, or is in one folder alone, makes the exit status 1. What is made of them to be looked at, as figures
and tables in LaTeX, is compared and listed too, but makes it 1 only with --shown.

With --renamed the names in A are first replaced by new ones: parts of paths, keys and strings of JSON, headings and cells of
tables, where they are an old name as a whole.
"""

import argparse
import csv
import filecmp
import hashlib
import json
import re
import sys
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import yaml
from safetensors import SafetensorError
from safetensors.numpy import load_file

# What may differ between two runs: how long things took, how often they were begun, on what machine, and of what commit.
UNCOMPARED = {"logs", "benchmarks", "paper", "provenance", ".resume", ".run", "usage.csv", "cost.csv"}  # in "paper" LaTeX works
DATED = "paper.pdf"  # has a date, and the tables with their times: it is there or not
FIELDS = {"provenance", "seconds", "seconds_per_image", "attempts"}  # of JSON, at any depth
TIMES = {"seconds", "seconds_per_image", "ms/img", "s/img", "Minutes"}
COLUMNS = TIMES | {"commits", "Commit", "checksum", "Checksum"}  # of tables: their headings

ARRAYS = {".npz": "array", ".safetensors": "tensor"}  # files of arrays, and what one of these is called
RESULTS = {*ARRAYS, ".json", ".csv"}
UNREADABLE = OSError, ValueError, TypeError, EOFError, BadZipFile, SafetensorError
MOST = 10  # lines about one file


def without(value, fields):
    """Anything that JSON can hold, less some fields of its dictionaries."""
    if isinstance(value, dict):
        return {key: without(each, fields) for key, each in value.items() if key not in fields}
    return [without(each, fields) for each in value] if isinstance(value, list) else value


def with_names(value, renamed):
    """Anything that JSON can hold, with other names, old -> new, for the keys and strings that are an old one as a whole."""
    if isinstance(value, dict):
        found = {renamed.get(key, key): with_names(each, renamed) for key, each in value.items()}
        if len(found) < len(value):
            raise ValueError(f"with the new names two of the keys {', '.join(value)} are the same")
        return found
    if isinstance(value, list):
        return [with_names(each, renamed) for each in value]
    return renamed.get(value, value) if isinstance(value, str) else value


def rows(path):
    """The cells of a table in CSV, LaTeX or HTML; lines of LaTeX that are no rows have one."""
    if path.suffix == ".csv":
        with open(path, newline="") as file:
            return list(csv.reader(file))
    text = path.read_text()
    if path.suffix == ".tex":
        return [line.removesuffix(r" \\").split(" & ") for line in text.splitlines()]
    return [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row) for row in re.findall("<tr>.*?</tr>", text, re.DOTALL)]


def content(path, renamed=None):
    """What of a file must be the same in every run, as JSON can hold it; with the new names for what was renamed."""
    if path.name == DATED:
        return "there"
    if path.suffix == ".json":
        return without(with_names(json.loads(path.read_text()), renamed or {}), FIELDS)
    if path.suffix == ".csv" or path.parent.name == "tables":
        cells = with_names(rows(path), renamed or {})
        timed = {number for row in cells for number, cell in enumerate(row) if cell in COLUMNS}
        return [[cell for number, cell in enumerate(row) if number not in timed] for row in cells]
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(results, renamed=None):
    """The files of a folder of results that are compared, by their path in it; with the new names for what was renamed."""
    found = {}
    for file in sorted(results.rglob("*")):
        inside = file.relative_to(results)
        if file.is_file() and inside.parts[0] not in UNCOMPARED:
            name = new_path(inside, renamed or {})
            if name in found:
                raise ValueError(f"with the new names two files are {name}")
            found[name] = file
    return found


def new_path(path, renamed):
    """A path with the new names of its parts; of the last one also where the old name is all but the ending."""
    ending = ending_of(path.name)
    stem = path.name.removesuffix(ending)
    last = renamed[path.name] if path.name in renamed else renamed.get(stem, stem) + ending
    return "/".join([*(renamed.get(part, part) for part in path.parts[:-1]), last])


def ending_of(name):
    """How the name of a file ends, as .json, or .npz.json for a sidecar."""
    inner = Path(name).stem
    return Path(inner).suffix + Path(name).suffix if inner.endswith(tuple(ARRAYS)) else Path(name).suffix


def final(results):
    """A folder of results: the content of the files by path."""
    return {path: content(file) for path, file in files(results).items()}


def labelled(cells):
    """A table whose rows are dictionaries by the headings, where these allow it."""
    heading, body = (cells[0], cells[1:]) if cells else ([], [])
    unique = len(set(heading)) == len(heading)
    return {
        "columns": heading,
        "row": {
            str(number): dict(zip(heading, row, strict=True)) if unique and len(row) == len(heading) else row
            for number, row in enumerate(body, 1)
        },
    }


def unequal(a, b, place=""):
    """Where two values that JSON can hold differ, and how: a line each."""
    at = f"{place}." if place else ""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(key for key in b if key not in a)]:
            if key in a and key in b:
                yield from unequal(a[key], b[key], f"{at}{key}")
            else:
                yield f"{at}{key}: only in {'A' if key in a else 'B'}"
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for number, pair in enumerate(zip(a, b, strict=True)):
            yield from unequal(*pair, f"{at}{number}")
    elif repr(a) != repr(b):  # for Python 1, 1.0 and True are equal
        lists = isinstance(a, list) and isinstance(b, list)
        said = f"{len(a)} entries != {len(b)}" if lists else f"{brief(a)} != {brief(b)}"
        yield f"{place}: {said}" if place else said


def brief(value, most=60):
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}..."


def arrays(path):
    """The arrays of a file by name."""
    if path.suffix == ".safetensors":
        return load_file(path)
    with np.load(path, allow_pickle=False) as found:
        return dict(found)


def unequal_arrays(a, b, what):
    """Which arrays of two files differ, and how: a line each."""
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            yield f'{what} "{name}": only in {"A" if name in a else "B"}'
        elif said := gap(a[name], b[name]):
            yield f'{what} "{name}": {said}'


def gap(a, b):
    """How two arrays differ, by type, shape and bits; empty where they do not."""
    if a.dtype.str != b.dtype.str or a.shape != b.shape:
        return f"{a.dtype} of shape {list(a.shape)} != {b.dtype} of shape {list(b.shape)}"
    one, other = a.tobytes(), b.tobytes()
    if one == other:
        return ""
    cells = [np.frombuffer(content, np.uint8).reshape(a.size, a.itemsize) for content in (one, other)]
    differ = (cells[0] != cells[1]).any(axis=1)
    said = f"{differ.sum()} of {a.size} numbers differ"
    if a.dtype.kind not in "biuf":
        return said
    with np.errstate(invalid="ignore"):
        most = np.abs(a.ravel()[differ].astype(float) - b.ravel()[differ].astype(float)).max()
    return f"{said}, at most by {most:g}"


def differences(one, other, renamed):
    """In what two files differ that should hold the same: a line each."""
    try:
        if one.suffix in ARRAYS:
            if filecmp.cmp(one, other, shallow=False):
                return []
            return list(unequal_arrays(arrays(one), arrays(other), ARRAYS[one.suffix]))
        a, b = content(one, renamed), content(other)
    except UNREADABLE as error:
        return [f"cannot be compared: {' '.join(str(error).split())}"]
    if one.suffix == ".csv":
        a, b = labelled(a), labelled(b)
    if isinstance(a, str) and one.suffix not in RESULTS:
        return ["differs"] if a != b else []
    return list(unequal(a, b))


def compared(first, second, renamed):
    """All files of two folders of results: path -> in what they differ, a line each."""
    a, b = files(first, renamed), files(second)
    alone = {path: [f"only in {'A' if path in a else 'B'}"] for path in a.keys() ^ b.keys()}
    both = {path: differences(a[path], b[path], renamed) for path in a.keys() & b.keys()}
    return dict(sorted({**alone, **both}.items()))


def told(found):
    """The lines to print about the files that differ."""
    for path, lines in found.items():
        yield from (f"{path}: {line}" for line in lines[:MOST])
        if len(lines) > MOST:
            yield f"{path}: and {len(lines) - MOST} more"


def summary(found, what):
    """How many files differ, in words."""
    differ = sum(map(bool, found.values()))
    return f"{differ} of {len(found)} {what} differ" if differ else f"{len(found)} {what} are the same"


def read_renamed(path):
    """The new names by the old ones, of a YAML file. Raises ValueError where it holds anything else."""
    try:
        found = yaml.safe_load(Path(path).read_text()) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in (*found, *found.values())):
        raise ValueError(f"{path} must map old names to new ones, all of them text: put numbers in quotes")
    return found


def main(arguments=None):
    """Print what differs; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", metavar="A", type=Path, help="a folder of results, as results/digits")
    parser.add_argument("second", metavar="B", type=Path, help="another one")
    parser.add_argument("--renamed", metavar="FILE", help="a YAML file, old: new, of names in A that are others in B")
    parser.add_argument("--shown", action="store_true", help="fail also where figures and tables to be looked at differ")
    options = parser.parse_args(arguments)
    for folder in (options.first, options.second):
        if not folder.is_dir():
            parser.error(f"{folder} is not a folder")
    try:
        found = compared(options.first, options.second, read_renamed(options.renamed) if options.renamed else {})
    except (OSError, ValueError) as error:
        parser.error(str(error))
    results = {path: lines for path, lines in found.items() if Path(path).suffix in RESULTS}
    shown = {path: lines for path, lines in found.items() if path not in results}
    if not results:
        parser.error(f"neither {options.first} nor {options.second} holds a result")
    print(*told(results), *told(shown), summary(results, "results"), sep="\n")
    if shown:
        print(f"beside them, {summary(shown, 'files to be looked at')}")
    return int(any(results.values()) or options.shown and any(shown.values()))


if __name__ == "__main__":
    sys.exit(main())
