"""What only a GPU can show, one file of JSON a check:

    python tools/gpu --out DIR --minutes N [--images FOLDER] [--only CHECK ...] [--cpu]

The checks run in the order of CHECKS, each in a process of its own, as far as the minutes go. Called again it goes on with
those that have no result in DIR, or lacked a module; delete a file to repeat its check. Only what a check uses is imported:
a package that the machine lacks is named in its file. `--images` has train/<class>/ and test/<class>/, for the classifiers.
Without a GPU, `--cpu` rehearses the same checks at a tiny size.
"""

import argparse
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.extend(str(ROOT / folder) for folder in ("workflow", "tools/bench", "tests"))

from energyguide.files.atomic import read_json, write_json  # noqa: E402

CHECKS = {  # name -> module and function; what has the first part of its name in common shares the function
    "noise": "exactness.noise",
    "compiled": "exactness.compiled",
    "waits": "loops.waits",
    "trainings": "loops.trainings",
    "memory": "loops.memory",
    "tiny": "loops.tiny",
    "starting": "starting.starting",
    "speed-sampling": "speed.sampling",
    "speed-attack": "speed.attack",
    "speed-training": "speed.training",
    "classifier-0": "robust.classifier",
    "classifier-0.25": "robust.classifier",
    "classifier-0.5": "robust.classifier",
    "classifier-1": "robust.classifier",
}
DONE = {"passed", "failed"}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS))
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--child", choices=CHECKS, help=argparse.SUPPRESS)
    return parser.parse_args()


def one(options):
    """Run a check in this process, and write what became of it."""
    import torch

    began, name = time.monotonic(), options.child
    device = torch.device("cpu" if options.cpu else "cuda")
    result = {"check": name, "rehearsal": options.cpu}
    try:
        module, _, function = CHECKS[name].partition(".")
        found = getattr(import_module(module), function)(device, options)
        result |= {"status": "passed" if found.pop("passed") else "failed", **found}
    except ImportError as error:
        result |= {"status": "not run", "reason": f"this machine lacks a module: {error}"}
    except Exception as error:
        result |= {"status": "failed", "reason": f"{type(error).__name__}: {error}"[:2000]}
    write_json(options.out / f"{name}.json", {**result, "took": round(time.monotonic() - began, 1), **machine()})


def machine():
    """Versions, machine and commit; a module that is not there is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import torch

    from energyguide.run.machine import commit

    packages = {}
    for name in ("torch", "triton", "numpy", "torchvision", "diffusers", "torchattacks", "snakemake"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"commit": commit(), "python": platform.python_version(), "packages": packages, "gpu": gpu}


def done(options, name):
    path = options.out / f"{name}.json"
    return path.exists() and read_json(path)["status"] in DONE


def report(options, name):
    """One line on a check."""
    path = options.out / f"{name}.json"
    result = read_json(path) if path.exists() else {"status": "not done", "reason": "the minutes were over"}
    print(f"{name}: {result['status']}", *filter(None, [result.get("summary"), result.get("reason")]), sep=", ", flush=True)


def main():
    options = parse()
    if options.child:
        return one(options)
    import torch

    if not (options.cpu or torch.cuda.is_available()):
        sys.exit(f"no GPU: torch {torch.__version__} finds none here; `--cpu` rehearses the checks")
    options.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * options.minutes
    for name in options.only:
        if not done(options, name) and time.monotonic() < end:
            (options.out / f"{name}.json").unlink(missing_ok=True)
            command = [sys.executable, str(Path(__file__).parent), *sys.argv[1:], "--child", name]
            environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(options.out.absolute() / ".state/compiled")}
            try:
                subprocess.run(command, timeout=max(1, end - time.monotonic()), env=environment)
            except subprocess.TimeoutExpired:
                print(f"{name} was stopped; a longer --minutes lets it end")
        report(options, name)
    return sum(not done(options, name) or read_json(options.out / f"{name}.json")["status"] != "passed" for name in options.only)


if __name__ == "__main__":
    sys.exit(main())
