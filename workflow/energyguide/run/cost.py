"""What an experiment costs before it is run: floating-point operations by rule, hours at measured rates, disk, and GPU memory."""

import math
import time
from collections import Counter

import torch

from energyguide.nets.counting import PASSES
from energyguide.nets.device import accelerated
from energyguide.run.memory import memory
from energyguide.run.operations import Passes, images_drawn, operations

KINDS = {"training": "training", "forward": "a forward pass", "gradient": "the gradient by the image"}
FORMS = {"jobs": "{:,.0f}", "petaflop": "{:,.3g}", "hours": "{:,.3g}", "megabytes": "{:,.0f}", "gpu_gigabytes": "{:,.3g}"}
COLUMNS = ["rule", *FORMS]


def disk(experiment, images, passes=None):
    """Megabytes by rule of what stays: weights in float32, and images of 8 bits a channel."""
    passes, numbers = passes or Passes(experiment), Counter()
    pixels = math.prod(passes.shape)
    for name, network in experiment.networks.items():
        model = experiment.diffusion.models.get(name)
        numbers[network.kind] += 4 * passes.parameters(name) * (1 + len(model.snapshots if model else ()))
    numbers["data"] = sum(images.values()) * pixels
    numbers["sample"] = sum(images_drawn(experiment, variant) for variant in experiment.sampled.values()) * pixels
    return {rule: number / 1e6 for rule, number in numbers.items()}


def rates(experiment, device, rounds=3):
    """Operations a second of each kind of pass on this machine, by the experiment's own networks."""
    model, batch = next(iter(experiment.diffusion.models)), experiment.sampling.batch
    work = {
        "training": (model, experiment.diffusion.training.batch),
        "forward": (model, batch),
        "gradient": (experiment.metrics.classifier, batch),
    }
    return {kind: rate(experiment, device, kind, *work[kind], rounds) for kind in work}


def rate(experiment, device, kind, name, batch, rounds):
    """Operations a second of one kind of pass of a network."""
    passes, batch = Passes(experiment), batch if device.type == "cuda" else min(batch, 16)
    network, x = passes.build(name).to(device), torch.rand(batch, *passes.shape, device=device)
    fast = accelerated(network, device, experiment.acceleration.dump())
    return batch * passes.of(name, kind) / min(seconds(lambda: PASSES[kind](network, x, fast), rounds))


def seconds(function, rounds):
    """How long each of some calls takes, after one that is not counted."""
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return times[1:]


def records(experiment, images, jobs, speed):
    """A dictionary of COLUMNS for each rule, in the order of `jobs`; None if nothing is counted.

    Args:
        images: split -> number of images.
        jobs: rule -> number of jobs.
        speed: operations a second by kind of pass, as `rates` finds them.
    """
    passes = Passes(experiment)
    work, space, most = (function(experiment, images, passes) for function in (operations, disk, memory))

    def record(rule, count):
        passes = work.get(rule, {})
        hours = sum(number / speed[kind] for kind, number in passes.items()) / 3600
        largest = most.get(rule, 0) / 1e9
        return [rule, count, sum(passes.values()) / 1e15 or None, hours or None, space.get(rule), largest or None]

    return [dict(zip(COLUMNS, record(*each), strict=True)) for each in jobs.items()]


def as_text(found, speed):
    """A table with a line of totals, of the memory the most, and the rates behind it."""
    import pandas

    table = pandas.DataFrame(found, columns=COLUMNS).set_index("rule").rename_axis(index=None, columns="rule")
    table.loc["total"] = {**table.sum(), "gpu_gigabytes": table["gpu_gigabytes"].max()}
    forms = {key: form.format for key, form in FORMS.items()}
    rates = ", ".join(f"{rate / 1e9:,.0f} in {KINDS[kind]}" for kind, rate in speed.items())
    return f"{table.to_string(na_rep='', formatters=forms)}\n\nhours at the rates of this machine, in GFLOP/s: {rates}"
