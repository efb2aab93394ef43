"""Seconds before the first step of a training: what is imported, and what is compiled, without and with a cache."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FIRST = """
import json, sys, time
began = time.perf_counter()
sys.path[:0] = sys.argv[3:]
import torch
from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets.device import accelerated, compiled
from energyguide.nets.unet import UNet
from energyguide.training.diffusion import DiffusionObjective
from networks import FAST, PLAIN, images, sizes
imported = time.perf_counter()
device = torch.device(sys.argv[1])
more, size, batch = sizes(device)
objective = DiffusionObjective(UNet(3, size, **more), linear_schedule(), 1.0, PLAIN, device, FAST if sys.argv[2] == "1" else None)
if device.type == "cpu" and sys.argv[2] == "1":
    objective.network = compiled(objective.model, fixed=False)
def step():
    began = time.perf_counter()
    objective.loss(*objective.batch(images(device), torch.zeros(batch, dtype=torch.int64, device=device))).backward()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return round(time.perf_counter() - began, 2)
print(json.dumps({"imports": round(imported - began, 2), "first step": step(), "second step": step()}))
"""


def seconds(device, compiled, cache):
    """What a new process takes, with its compile cache in a folder."""
    here = Path(__file__).parent
    command = [sys.executable, "-c", FIRST, device.type, str(int(compiled)), str(here.parents[1] / "workflow"), str(here)]
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": cache}
    return json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()[-1]
    )


def starting(device, options):
    """Of a UNet's training: uncompiled, compiled with an empty cache, and compiled with what that process left."""
    with tempfile.TemporaryDirectory() as cache:
        ways = [("uncompiled", False), ("compiled, no cache", True), ("compiled, from the cache", True)]
        found = {name: seconds(device, compiled, cache) for name, compiled in ways}
        size = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    cold, warm = (found[name]["first step"] for name in ("compiled, no cache", "compiled, from the cache"))
    return {
        "passed": warm < cold,
        "seconds": found,
        "megabytes of cache": round(size / 1e6, 1),
        "summary": f"{cold} s, then {warm} s",
    }
