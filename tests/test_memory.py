"""Memory that runs out for real, in a process that may have little of it: more parts, the same result."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets.memory import Parts, split
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.unet import UNet
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.diffusion import DiffusionObjective
from energyguide.training.loop import gradient

PLAIN = {"crop": 0, "flip": False, "jitter": 0}
CPU = torch.device("cpu")
LIMITED = """
import json, resource, sys
sys.path[:0] = sys.argv[2:]
import torch
from energyguide.diffusion.denoisers.diffusion import with_process
from energyguide.diffusion.sampling import Request, sample
from energyguide.nets.memory import Parts
from test_memory import SPEC, joint, training_gradient

torch.set_num_threads(1)

def results(drawn, trained):
    with torch.no_grad():
        parts = Parts("sampling")
        denoiser = with_process(joint().network, {})
        walk = lambda some: sample(denoiser, Request(some, (1, 16, 16), 3, 0, "cpu"), SPEC, 0.5, None)[0]
        images = torch.cat(parts.map(walk, range(drawn)))
    return images.flatten().tolist(), training_gradient(Parts("training"), trained)

results(2, 2)  # what any size needs
if sys.argv[1] != "-1":
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]) * 2**20,) * 2)
print(json.dumps(results(768, 256)))
"""
SPEC = {"guidance": "unguided", "steps": 2, "spacing": "uniform", "sampler": "ddpm", "variance": "small", "eta": 0, "clip": True}


def joint():
    torch.manual_seed(0)
    network = UNet(1, 16, classes=3, width=32, multipliers=(1, 2), blocks=1, attention=(), dropout=0)
    torch.nn.init.normal_(network.head[-1].weight, std=0.1)
    return DiffusionObjective(network, linear_schedule(), 0.2, PLAIN, CPU)


def training_gradient(parts, count):
    """The loss of a batch, and some of its gradient."""
    objective, generator = joint(), torch.Generator().manual_seed(1)
    images, labels = torch.rand(count, 1, 16, 16, generator=generator), torch.arange(count) % 3
    loss = parts.run(lambda n: gradient(objective, images, labels, 5, n), count)
    return [loss.item(), *objective.model.encoder.stem.weight.grad.flatten().tolist()]


def alone(megabytes):
    here = Path(__file__).parent
    command = [sys.executable, "-c", LIMITED, str(megabytes), str(here), str(here.parent / "workflow")]
    exact = {"MALLOC_MMAP_THRESHOLD_": "65536"}  # what is freed goes back to the system: the limit is on what is in use
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | exact)
    assert run.returncode == 0, run.stderr
    *said, result = run.stdout.splitlines()
    return said, json.loads(result)


def test_where_memory_runs_out_more_parts_give_the_same():
    said, (images, gradients) = alone(150)
    for what in ("sampling", "training"):
        assert f"out of memory in {what}: now in 2 parts" in said
    untold, (expected, wanted) = alone(-1)
    assert not untold
    difference = torch.tensor(images) - torch.tensor(expected)
    assert difference.abs().max() <= 1 and (difference != 0).float().mean() < 0.01  # in steps of 1/255
    torch.testing.assert_close(torch.tensor(gradients), torch.tensor(wanted), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("parts", [2, 5])
def test_a_gradient_in_parts_is_that_of_the_whole(parts):
    """Also where the parts are not of one length."""
    whole, pieces = (training_gradient(fixed(n), 13) for n in (1, parts))
    torch.testing.assert_close(torch.tensor(pieces), torch.tensor(whole), rtol=1e-4, atol=1e-6)


def fixed(count):
    parts = Parts("training")
    parts.count = count
    return parts


def test_batch_norm_needs_the_whole_batch():
    objective = ClassifierObjective(CifarResNet(1, 3, "basic", (1,), 4), 0.0, {"norm": "l2", "steps": 0}, PLAIN, None, CPU)
    with pytest.raises(ValueError, match="lower `batch`"):
        gradient(objective, torch.rand(4, 1, 8, 8), torch.arange(4) % 3, 0, parts=2)


def test_parts_give_up_where_one_does_not_fit_and_pass_other_errors_on():
    asked = []

    def never(piece):
        asked.append(len(piece))
        raise MemoryError

    with pytest.raises(ValueError, match="out of memory in drawing, even one by one"):
        Parts("drawing").map(never, range(5))
    assert asked == [5, 2, 1, 1]
    with pytest.raises(RuntimeError, match="else"):
        Parts("drawing").map(lambda piece: (_ for _ in ()).throw(RuntimeError("something else")), range(5))


@pytest.mark.parametrize("size, parts", [(10, 1), (10, 3), (3, 8), (1, 2)])
def test_split_leaves_nothing_out(size, parts):
    pieces = split(range(size), parts)
    assert [i for piece in pieces for i in piece] == list(range(size))
    assert len(pieces) == min(size, parts) and max(map(len, pieces)) - min(map(len, pieces)) <= 1
