"""Drawing samples: which sample is in which job, with which noise and class.

Sample number i asks for class i mod classes, and has its own noise. Batches are fixed pieces of the row of samples,
and a shard is a run of whole batches, so neither shards nor jobs change a pixel.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tqdm import tqdm

from energyguide.diffusion.guides import find_guidance
from energyguide.diffusion.samplers import final_samples, reverse, sample_noise, to_uint8


def shard_batches(total, batch, shards, shard):
    """The batches of shard number `shard`, as ranges of samples."""
    starts = range(0, total, batch)
    own = starts[shard * len(starts) // shards : (shard + 1) * len(starts) // shards]
    return [range(start, min(start + batch, total)) for start in own]


@dataclass(frozen=True)
class Request:
    """The samples that are asked for, whatever model and guidance make them.

    Attributes:
        samples: their numbers; sample i has class i mod `classes`.
        shape: (channel, height, width).
        classes: number of classes.
        seed: of the experiment; noise is a function of it, the sample's number and the step.
        device: where they are made.
    """

    samples: Sequence[int]
    shape: tuple
    classes: int
    seed: int
    device: Any


def walk(denoiser, request, spec, scale, models):
    """The reverse process of the samples of a `Request`, as a generator of states.

    Args:
        denoiser: a `Denoiser`.
        spec: the variant's block of the configuration.
        models: what guidance may consult.
    """
    numbers = torch.tensor(request.samples, device=request.device)
    guidance = find_guidance(spec, scale, models)
    if denoiser.guidance:
        guidance += denoiser.guidance(numbers, request.seed)
    start, noise = sample_noise(numbers, request.shape, request.seed)
    return reverse(
        denoiser.network,
        denoiser.schedule(spec),
        start,
        numbers % request.classes,
        noise,
        guidance,
        **{key: spec[key] for key in ("sampler", "variance", "eta", "clip")},
    )


def sample(*arguments):
    """Images uint8 (sample, channel, height, width) at the end of a `walk`, and `final_samples`' steps of divergence."""
    with torch.no_grad():
        x, broken = final_samples(walk(*arguments))
    return to_uint8(x).cpu(), broken.cpu()


def divergence(broken):
    """How many samples ceased to be finite, of how many, and the index of the step of the first; None if none did.

    Args:
        broken: (sample,), as of `samplers.last`.
    """
    count = (broken >= 0).sum().item()
    return {"count": count, "of": len(broken), "step": broken.max().item()} if count else None


def sample_shard(sample_batch, batches, store, name="the variant", guided=True):
    """Every batch of a shard, going on where an earlier attempt stopped.

    A scale at which samples cease to be finite has diverged: no more of it is drawn, and all images of the shard are black.

    Args:
        sample_batch: range of samples -> what `sample` returns.
        batches: ranges of samples.
        store: where finished batches are saved, as in `training.loop.train`.
        name: what the progress bar and the log call the variant at its scale.
        guided: whether anything guides. If not, samples that cease to be finite mean a broken model.

    Returns:
        images of all batches; seconds per image; and None, or its `divergence` in place of the seconds.

    Raises:
        run.resume.Interrupted: by SIGTERM or SIGINT, with the finished batches saved.
        FloatingPointError: samples of an unguided variant cease to be finite.
    """
    count = sum(map(len, batches))
    with store.attempt() as saved:
        state = saved or {"images": {}, "seconds": 0.0, "diverged": None}
        images, todo = state["images"], [batch for batch in batches if batch.start not in state["images"]]
        with tqdm(total=count, initial=count - sum(map(len, todo)), unit="image", desc=name, disable=None) as bar:
            for batch in todo:
                if state["diverged"]:
                    break
                began = time.monotonic()
                images[batch.start], broken = sample_batch(batch)
                state["seconds"] += time.monotonic() - began
                if lost := divergence(broken):
                    report_divergence(name, lost, guided)
                    state["diverged"] = lost
                bar.update(len(batch))
                store.offer(lambda: state)
        if todo:
            store.save(state)
    if state["diverged"]:
        shape = next(iter(images.values())).shape[1:]
        return torch.zeros(count, *shape, dtype=torch.uint8), None, state["diverged"]
    return torch.cat([images[batch.start] for batch in batches]), state["seconds"] / count, None


def report_divergence(name, lost, guided):
    """Print that samples have diverged. Raises FloatingPointError if nothing guides: the model is broken."""
    message = "{count} of {of} samples ceased to be finite, the first with {step} steps to go".format(**lost)
    if not guided:
        raise FloatingPointError(f"{name}: {message}; its model is broken: train it with a lower `lr`")
    print(f"{name} diverged: {message}")
