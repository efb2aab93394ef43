"""Files: written whole or not at all, with a JSON sidecar that says what made them.

Weights are safetensors, arrays are npz, everything else is JSON. No pickle is read but a run's own resume state,
and that without code (`weights_only`).
"""

import csv
import errno
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FINISHED = "finished"
LOCKLESS = errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP  # how file systems say that they have no locks
PACKAGES = ("torch", "torchvision", "torch-fidelity", "numpy", "scikit-learn", "snakemake")


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


def csv_text(records, columns):
    """Dictionaries that have these keys, as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def read_json(path):
    """Raises ValueError where the file is damaged."""
    try:
        return json.loads(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: it is not JSON ({error}); delete it and run again") from error


def sidecar(path):
    return Path(f"{path}.json")


def read_sidecar(path):
    """What is said of `path`, without a look at the file itself.

    Raises ValueError where that is missing or damaged.
    """
    if not sidecar(path).exists():
        raise ValueError(f"{sidecar(path)} is missing, which says what made {path}; delete that and run again")
    said = read_json(sidecar(path))
    if not isinstance(said, dict) or "sha256" not in said:
        raise ValueError(f"{sidecar(path)} does not say what made {path}; delete both and run again")
    return said


def write_sidecar(path, **info):
    write_json(sidecar(path), {"sha256": sha256(path), **info, "provenance": provenance()})


def check_sidecar(path):
    """Check the file at `path` against its sidecar.

    Raises ValueError for a file that is not the one that was written.
    """
    if sha256(path) != read_sidecar(path)["sha256"]:
        raise ValueError(f"{path} is damaged: its checksum is not the one in {sidecar(path)}; delete both and run again")


def save_tensors(path, weights):
    """A state dict as safetensors."""
    from safetensors.torch import save

    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()})
    with atomic(path) as temporary:  # by our own hand: the library's writer does not say why it fails
        temporary.write_bytes(content)


def load_tensors(path):
    """The state dict in a file of safetensors. Raises ValueError where it is not one."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged, or no safetensors ({error}); fetch it anew, or delete it and run again") from error


def save_weights(path, weights, **info):
    """A state dict as safetensors, and its sidecar."""
    save_tensors(path, weights)
    write_sidecar(path, **info)


def load_weights(path):
    """The state dict saved at `path`. Raises ValueError where the file is damaged."""
    check_sidecar(path)
    return load_tensors(path)


def save_arrays(path, arrays, **info):
    """Named arrays as npz, and their sidecar."""
    import numpy as np

    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)
    write_sidecar(path, **info)


def load_arrays(path):
    """Named arrays saved at `path`. Raises ValueError where the file is damaged."""
    import numpy as np

    check_sidecar(path)
    with np.load(path) as arrays:
        return dict(arrays)


def lock(path):
    """The lock at `path`; None where another process has it.

    It is the file system's own, so that a process that died, or whose machine did, does not hold it.

    Raises ValueError where the file system has no locks.
    """
    import filelock

    taken = filelock.FileLock(path, fallback_to_soft=False)  # a soft lock would outlive its process
    try:
        taken.acquire(blocking=False)
    except filelock.Timeout:
        return None
    except OSError as error:
        if error.errno not in LOCKLESS:
            raise
        raise ValueError(f"{path}: this file system has no locks; name another folder in `site.scratch`") from error
    return taken


class ResumeState:
    """The state of a run, replaced atomically, about every `every` seconds.

    It lies in a folder named by all that determines the run, under `root`, which belongs to this job alone: what
    earlier runs of the job left there, with other settings, goes when one is done. The last state stays until
    `forget_finished`: a job that has written its results can still be cut off before Snakemake has seen them, or be
    started again for the sake of others in its group, and then repeats nothing.
    """

    def __init__(self, root, key, every=60):
        self.root, self.every = Path(root), every
        self.folder = self.root / digest(key)
        self.path, self.before, self.log = (self.folder / name for name in ("state.pt", "before.pt", "attempts.log"))
        self.lock = None

    def claim(self):
        """Be the only one that works on this: wait while another process does, on this machine or another.

        Raises ValueError where the file system has no locks.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.lock = lock(self.root / "lock")
        if not self.lock:
            print(f"another process works on {self.root}; waiting for it to end", flush=True)
        while not self.lock:
            time.sleep(1)
            self.lock = lock(self.root / "lock")

    def begin(self):
        """Note an attempt; the last state saved that is whole, or None."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with writing(self.log), open(self.log, "a") as log:
            print(
                datetime.now().isoformat(timespec="seconds"),
                platform.node(),
                "resumes" if self.path.exists() else "starts",
                file=log,
            )
        saved = filter(Path.exists, (self.path, self.before))
        return next((state for state in map(self.load, saved) if state is not None), None)

    def attempts(self):
        """How often the run was begun."""
        return len(self.log.read_text().splitlines())

    def save(self, state):
        """Replace the last state, after a checksum of it; the one before stays too."""
        import torch

        buffer = io.BytesIO()
        torch.save(state, buffer)
        with atomic(self.path) as temporary:
            with open(temporary, "wb") as file:
                file.write(hashlib.sha256(buffer.getbuffer()).digest())
                file.write(buffer.getbuffer())
            if self.path.exists():
                os.replace(self.path, self.before)

    def load(self, path):
        """The state in a file, or None where the file is not as it was saved: cut off, say, by a loss of power."""
        import torch

        with open(path, "rb") as file:
            checksum, content = file.read(hashlib.sha256().digest_size), file.read()
        if hashlib.sha256(content).digest() != checksum:
            print(f"{path} is damaged and not used: its checksum is not the one that it begins with")
            return None
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)

    def keep(self, name, weights):
        """Put a state dict aside until the run is done."""
        path = self.folder / f"{name}.safetensors"
        save_tensors(path, weights)
        write_json(sidecar(path), {"sha256": sha256(path)})

    def kept(self, name):
        """The state dict that was put aside under this name. Raises ValueError where the file is damaged."""
        path = self.folder / f"{name}.safetensors"
        try:
            return load_weights(path)
        except (ValueError, OSError) as error:
            raise ValueError(f"{path} is damaged or gone; delete {self.folder} and run again, from the start") from error

    def finish(self):
        """Note that the results are written."""
        for other in filter(Path.is_dir, self.root.iterdir()):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        (self.folder / FINISHED).touch()


def forget_finished(folder):
    """Remove the states of all jobs under `folder` that are done."""
    for mark in Path(folder).glob(f"*/*/{FINISHED}"):
        shutil.rmtree(mark.parents[1], ignore_errors=True)


def git(*arguments):
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def package_version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def provenance():
    """Commit, versions and machine, as far as they can be told."""
    status = git("status", "--porcelain")
    info = {
        "commit": git("rev-parse", "HEAD"),
        "dirty": None if status is None else bool(status),
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
    }
    torch = sys.modules.get("torch")
    if torch:
        info["threads"] = torch.get_num_threads()
        info["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return info
