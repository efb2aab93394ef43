"""How many jobs a cluster takes in an hour: trivial shards, sent one by one and in groups, to a Slurm started here.

    python tests/slurm/scale.py [--shards 1000] [--groups 1 10 50]

Prints a table, and as CSV with --csv FILE. What a shard costs beyond its work, here nothing, is the start of two Snakemakes.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from lab import Lab, moment, why_not

PROJECT = Path(__file__).parents[2]
SNAKEFILE = """
rule all:
    input: expand("shards/{k}", k=range(config["shards"]))
    localrule: True

rule shard:
    output: touch("shards/{k}")
    group: "shards"
    resources: slurm_partition="gpu", gpu=1, mem_mb=300, runtime=5
"""


def measure(lab, shards, together):
    """One run: a dictionary of what was counted. Times are in seconds, memory in megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(SNAKEFILE)
        command = [Path(sys.executable).parent / "snakemake", "--profile", PROJECT / "workflow/profiles/slurm", "--cores", "2"]
        command += ["--group-components", f"shards={together}", "--config", f"shards={shards}"]
        before, peak, began = len(lab.jobs()), 0, time.monotonic()
        with open(Path(folder) / "said", "w") as said:
            driver = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
            process = psutil.Process(driver.pid)
            while driver.poll() is None:
                try:
                    peak = max(peak, process.memory_info().rss)
                except psutil.NoSuchProcess:
                    break
                time.sleep(0.5)
        if driver.wait():
            sys.exit((Path(folder) / "said").read_text())
        elapsed = time.monotonic() - began
        jobs = lab.jobs()[before:]
        starts = sorted(moment(job["SubmitTime"]) for job in jobs)
        ends = sorted(moment(job["EndTime"]) for job in jobs)
    return {
        "shards": shards,
        "in a group": together,
        "jobs": len(jobs),
        "seconds": round(elapsed),
        "sent a second": round(len(jobs) / max(1, starts[-1] - starts[0]), 1),
        "shards done a minute": round(60 * shards / max(1, ends[-1] - starts[0]), 1),
        "driver's memory": round(peak / 2**20),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--groups", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--csv")
    options = parser.parse_args()
    if why_not():
        sys.exit(f"no Slurm can be started: {why_not()}")
    rows = []
    with tempfile.TemporaryDirectory() as folder, Lab(folder, gpu_nodes=4, gpus_per_node=4) as lab:
        for together in options.groups:
            rows.append(measure(lab, options.shards, together))
            print(", ".join(f"{key}: {value}" for key, value in rows[-1].items()), flush=True)
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
