"""A copy of the project to build in, and what is asked of Snakemake there."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from snakemake.utils import update_config

from energyguide.config.experiments import resolve
from energyguide.config.files import load

ROOT = Path(__file__).parents[1]
SNAKEMAKE = str(Path(sys.executable).parent / "snakemake")
TINY = ["--configfile", "tests/tiny.yaml"]
TEX = shutil.which("latexmk") is not None
NAMESPACE = ["unshare", "--map-root-user", "--net"]  # the command after it has no network, not even loopback
OFFLINE = shutil.which("unshare") is not None and not subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode
UMASK, SECRET = 0o027, "a-secret-of-the-environment"


def files():
    """The names of the project's files, as git knows them, without what was built."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in filter(None, names.stdout.split("\n")) if (ROOT / name).exists())


def copy(to):
    """The project's files, without what was built."""
    for name in files():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name, follow_symlinks=False)
    return to


def fingerprint():
    """A digest of all that results are made from: files of the project (not tests, tools and documents), Python, TeX or none."""
    parts = [sys.version, str(TEX)]
    for name in files():
        if (ROOT / name).is_file() and not re.search(r"^tests/.*\.py$|^tools/|\.md$", name):
            parts += [name, (ROOT / name).read_bytes().hex()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def resolved(name="tiny", **over):
    """An experiment: of the tests, or one that is shipped; with this laid over it, as Snakemake lays --configfile."""
    config = load(ROOT / "config.yaml")
    for layer in ([load(ROOT / TINY[1])] if name == "tiny" else []) + [{"experiment": name, "experiments": {name: over}}]:
        update_config(config, layer)
    return resolve(config)[0]


def snakemake(tree, *arguments, check=True, config=TINY, before=(), env=None):
    command = [*before, SNAKEMAKE, *arguments, *config]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, umask=UMASK, env=env)
    assert not check or run.returncode == 0, run.stdout + run.stderr
    return run


def planned(tree, *arguments, config=TINY):
    """The rules that a dry run would execute, with how many jobs of each; those of packs are jobs of the rule that they pack."""
    report = snakemake(tree, "-n", *arguments, config=config).stdout
    if "Job stats:" not in report:
        return {}
    table = report.split("Job stats:")[-1].split("total")[0]
    found = Counter()
    for kind, count in re.findall(r"^(\w+?)(?:_\d+)? +(\d+)$", table, re.MULTILINE):
        found[kind] += int(count)
    return dict(found)


def checksums(folder, suffixes=(".npz", ".safetensors")):
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.rglob("*") if f.suffix in suffixes
    }


def duplicate(tree, to):
    """A copy of a tree, with what was built in it."""
    shutil.copytree(tree, to, symlinks=True, dirs_exist_ok=True)
    return to


def processes(tree, node=None):
    """Numbers of the processes in `tree`, or of those on a node of the tests' cluster."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = Path(os.readlink(process / "cwd")) == tree
            environment = (process / "environ").read_bytes().split(b"\0") if here and node else []
        except OSError:
            continue
        if here and (not node or f"SLURMD_NODENAME={node}".encode() in environment):
            found.append(int(process.name))
    return found


def workers(tree, script=r"\w+"):
    """Numbers of the processes that run one of the project's scripts in `tree`: those whose name is like `script`."""
    found = []
    for pid in processes(tree):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        except OSError:
            continue
        if re.search(rf"/\.snakemake/scripts/[^/]*\.{script}\.py", command):
            found.append(pid)
    return found


def markdown(rows):
    """Dictionaries of the same keys, as a table."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def begun(store):
    """The state that an attempt of a job finds in its store."""
    with store.attempt() as state:
        return state
