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


def sample_shard(sample_batch, scales, batches, store, name="the variant", guided=True):
    """Every batch at every scale, going on where an earlier attempt stopped.

    A scale at which samples cease to be finite has diverged: no more of it is drawn, and all its images are black.

    Args:
        draw_batch: (scale, batch) -> what `draw` returns.
        scales: numbers.
        batches: ranges of samples.
        store: where finished batches are saved, as in `training.loop.train`.
        name: what the progress bar, which is only drawn on a terminal, and the log call the variant.
        guided: whether anything guides. If not, samples that cease to be finite mean a broken model.

    Returns:
        scale -> images of all batches; scale -> seconds per image, and scale -> `divergence`: each scale is in one of the two.

    Raises:
        run.resume.Interrupted: by SIGTERM or SIGINT, with the finished batches saved.
        FloatingPointError: samples of an unguided variant cease to be finite.
    """
    with store.attempt() as saved:
        state = saved or {"images": {}, "seconds": dict.fromkeys(scales, 0.0), "diverged": {}}
        images, seconds, diverged = state["images"], state["seconds"], state["diverged"]
        todo = [(scale, batch) for scale in scales for batch in batches if (scale, batch.start) not in images]
        for scale, batch in tqdm(todo, unit="batch", desc=name, disable=None):
            if scale in diverged:
                continue
            began = time.monotonic()
            made, broken = sample_batch(scale, batch)
            seconds[scale] += time.monotonic() - began
            images[scale, batch.start] = made
            if lost := divergence(broken):
                diverged[scale] = lost
                report_divergence(name, scale, lost, guided)
                images |= {(scale, each.start): made.new_zeros(len(each), *made.shape[1:]) for each in batches}
            store.offer(lambda: state)
        if todo:
            store.save(state)
    count = sum(map(len, batches))
    whole = {scale: torch.cat([images[scale, batch.start] for batch in batches]) for scale in scales}
    return whole, {scale: seconds[scale] / count for scale in scales if scale not in diverged}, diverged


def report_divergence(name, scale, lost, guided):
    """Print that a scale has diverged. Raises FloatingPointError if nothing guides: the model is broken."""
    message = "{count} of {of} samples ceased to be finite, the first with {step} steps to go".format(**lost)
    if not guided:
        raise FloatingPointError(f"{name}: {message}; its model is broken: train it with a lower `lr`")
    print(f"{name} diverged at scale {scale:g}: {message}")
