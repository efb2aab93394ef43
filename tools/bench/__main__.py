"""How fast the pipeline is, beside those who do the same: `make bench`, or

    python tools/bench [--only sampling attacks training metrics starting planning recipes] [--rounds 5] [--csv FILE]

A ratio is the peer's time over ours, in one process and in turns: above 1 we are faster. Takes half an hour on two cores.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.extend(str(Path(__file__).parents[2] / folder) for folder in ("tests", "workflow"))

import contests
import pandas as pd
import torch
from compare import best_product, compare, seconds
from project import markdown
from recipes import recipes

from energyguide.nets.device import has_bf16, pick_device
from energyguide.run.machine import provenance

ROOT = Path(__file__).parents[2]
OURS = "import torch, energyguide.diffusion.sampling, energyguide.nets.resnet, energyguide.files.arrays"
THEIRS = "import torch; from diffusers import DDIMPipeline, UNet2DModel; from torchvision.models import resnet18"
CONTESTS = "sampling", "attacks", "training", "metrics", "starting"
PLANS = {  # about 10, 100, 1,000 and 10,000 jobs
    10: ["table_robustness", "--config", "experiment=digits"],
    100: ["--config", "experiment=digits"],
    1000: ["--config", "experiment=cifar10"],
    10000: ["--config", "experiment=cifar10", "--configfile", "shards.yaml"],
}
SHARDS = "experiments: {cifar10: {sampling: {shards: 100}}}"


def python(code):
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT / "workflow")}, capture_output=True)


def starting(where):
    """What a job imports before it draws its samples."""
    return [
        contests.Contest(
            "start of a sampling job", "diffusers' imports", lambda: python(OURS), lambda: python(THEIRS), counted=False
        )
    ]


def planning():
    """How long Snakemake takes to build the DAG where nothing is made yet: seconds, and the number of jobs."""
    rows = []
    for arguments in PLANS.values():
        with tempfile.TemporaryDirectory() as folder:
            for path in ROOT.iterdir():
                if path.name not in ("results", ".snakemake"):
                    (Path(folder) / path.name).symlink_to(path)
            (Path(folder) / "shards.yaml").write_text(SHARDS)
            command = [Path(sys.executable).parent / "snakemake", "-n", *arguments]
            took, run = seconds(lambda c=command, f=folder: subprocess.run(c, cwd=f, capture_output=True, text=True))
        if run.returncode:
            sys.exit(run.stdout + run.stderr)
        rows.append({"jobs": int(run.stdout.split("total")[1].split()[0]), "seconds": round(took, 1)})
    return rows


def main():
    parts = [*CONTESTS, "planning", "recipes"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--csv")
    options = parser.parse_args()
    where = pick_device()
    made = provenance()
    print(f"{made['gpu'] or made['platform']}, {made['threads']} threads, torch {torch.__version__}, commit {made['commit']}")
    limits = {bf16: best_product(where, bf16) for bf16 in {False, has_bf16(where)}}
    for bf16, limit in limits.items():
        print(f"best matrix product in {'bf16' if bf16 else 'float32'}: {limit / 1e9:.0f} GFLOP/s", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for part in filter(CONTESTS.__contains__, options.only):
            more = [Path(folder)] if part == "metrics" else []
            for contest in (starting if part == "starting" else getattr(contests, part))(where, *more):
                rows.append(compare(contest, options.rounds, limits))
                print(", ".join(f"{key}: {value}" for key, value in rows[-1].items()), flush=True)
    if rows:
        print(f"\n{markdown(rows)}\n")
    if "planning" in options.only:
        print(f"{markdown(planning())}\n")
    if "recipes" in options.only:
        print(markdown(recipes(where)))
    if options.csv and rows:
        pd.DataFrame(rows).to_csv(options.csv, index=False)


if __name__ == "__main__":
    main()
