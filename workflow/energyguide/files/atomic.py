"""Files: written whole or not at all; their checksums; text and JSON."""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@contextmanager
def writing(path):
    """An error of the operating system in the block names `path`: of a full disk it says nothing by itself."""
    try:
        yield
    except OSError as error:
        if error.errno:
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def atomic(path):
    """A temporary path beside `path` to write to; it takes the place of `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
        try:
            yield Path(name)
            with open(name, "rb") as file:
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)  # mkstemp is private; a result follows the umask as any file does
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)


def sha256(path):
    """The checksum of a file, computed once a process for as long as neither its size nor its time changes."""
    found = os.stat(path)
    return file_sha256(os.fspath(path), found.st_size, found.st_mtime_ns, found.st_ino)


@cache
def file_sha256(path, *_):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value):
    """A short name for anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def write_text(path, text):
    with atomic(path) as temporary:
        temporary.write_text(text)


def write_json(path, value):
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path):
    """Raises ValueError if the file is damaged."""
    try:
        return json.loads(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: it is not JSON ({error}); delete it and run again") from error
