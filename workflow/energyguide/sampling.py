"""Drawing samples: which sample is in which job, with which noise and class.

Sample number i asks for class i mod classes, and has its own noise. Batches are fixed pieces of the row of samples,
and a shard is a run of whole batches, so neither shards nor jobs change a pixel.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from tqdm import tqdm

from energyguide.checkpoints import Checkpoints, stop_signals
from energyguide.device import accelerated
from energyguide.guidance import GUIDANCE
from energyguide.nets.files import architecture, load
from energyguide.samplers import last, of_generator, own_noise, reverse, to_uint8
from energyguide.schedule import intervals, linear_schedule, schedule_of


def shard_batches(total, batch, shards, shard):
    """The batches of shard number `shard`, as ranges of samples."""
    starts = range(0, total, batch)
    own = starts[shard * len(starts) // shards : (shard + 1) * len(starts) // shards]
    return [range(start, min(start + batch, total)) for start in own]


@dataclass(frozen=True)
class Denoiser:
    """A diffusion model, as far as the reverse process needs it.

    Attributes:
        network: (x_t, t, y) -> eps.
        schedule: a variant's block of the configuration -> the `Schedule` that it is sampled by.
        levels: a number of steps -> the `Schedule` of one noise level more, that of the clean end among them.
        learned: the `VDM` that has learned its schedule; None where that is fixed.
        latent: None for a network as said; else the network is a generator, (x_t, t, z) -> x_0, and this the length of z.
    """

    network: Callable
    schedule: Callable
    levels: Callable = None
    learned: Any = None
    latent: int = None


def with_process(network, process):
    """The `Denoiser` of a network that was trained on the fixed noise schedule of the `process` block."""
    return Denoiser(network, partial(schedule_of, process), lambda steps: intervals(linear_schedule(**process), steps))


def fixed_schedule(path, process, where, acceleration):
    from energyguide.nets.unet import UNet

    return with_process(accelerated(load(UNet, path, where), where, acceleration, fixed=True), process)


def learned_schedule(path, process, where, acceleration):
    from energyguide.nets.vdm import VDM

    model = load(VDM, path, where)
    network = accelerated(model, where, acceleration, fixed=True)

    def levels(steps):
        return model.schedule(torch.arange(steps + 1) / steps)

    return Denoiser(network, lambda spec: levels(spec["steps"])[1:], levels, model)


def adversarial(path, process, where, acceleration):
    from energyguide.nets.ddgan import Generator

    model = load(Generator, path, where)
    return with_latents(accelerated(model, where, acceleration, fixed=True), model.latent, process)


def with_latents(generator, latent, process):
    """The `Denoiser` of a generator, (x_t, t, z) -> x_0, whose latents z have this length; 0 for no latents."""
    return Denoiser(generator, partial(schedule_of, process), latent=latent)


DENOISERS = {"UNet": fixed_schedule, "VDM": learned_schedule, "Generator": adversarial}


def load_denoiser(path, process, where, acceleration=None):
    """The `Denoiser` whose weights are at `path`; `process` and `acceleration` are the configuration's blocks of that name."""
    return DENOISERS[architecture(path)](path, process, where, acceleration)


def find_guidance(spec, scale, models):
    """The variant's `Guidance`. Raises ValueError where its function is not there."""
    if spec["guidance"] not in GUIDANCE:
        raise ValueError(f"guidance {spec['guidance']!r} is unknown; there are {', '.join(GUIDANCE)}")
    return GUIDANCE[spec["guidance"]](spec, scale, models)


def walk(denoiser, samples, shape, classes, spec, scale, models, seed, where):
    """The reverse process of some samples, as a generator of states.

    Args:
        denoiser: a `Denoiser`.
        samples: a range of sample numbers.
        shape: (channel, height, width).
        spec: the variant's block of the configuration.
    """
    numbers = torch.tensor(samples, device=where)
    guidance = find_guidance(spec, scale, models)
    if denoiser.latent is not None:
        guidance += of_generator(denoiser.latent, numbers, seed)
    start, noise = own_noise(numbers, shape, seed)
    return reverse(
        denoiser.network,
        denoiser.schedule(spec),
        start,
        numbers % classes,
        noise,
        guidance,
        **{key: spec[key] for key in ("sampler", "variance", "eta", "clip")},
    )


def draw(*arguments, **more):
    """Images uint8 (sample, channel, height, width) at the end of a `walk`, and where each ceased to be finite, as `last`."""
    with torch.no_grad():
        x, broken = last(walk(*arguments, **more))
    return to_uint8(x).cpu(), broken.cpu()


def divergence(broken):
    """How many samples ceased to be finite, of how many, and the index of the step of the first; None where none did.

    Args:
        broken: (sample,), as of `samplers.last`.
    """
    count = (broken >= 0).sum().item()
    return {"count": count, "of": len(broken), "step": broken.max().item()} if count else None


def gathered(divergences):
    """Several of a `divergence` as one."""
    return {key: join(part[key] for part in divergences) for key, join in (("count", sum), ("of", sum), ("step", max))}


def draw_shard(draw_batch, scales, batches, store, name="the variant", guided=True):
    """Every batch at every scale, going on where an earlier attempt stopped.

    A scale at which samples cease to be finite has diverged: no more of it is drawn, and all its images are black.

    Args:
        draw_batch: (scale, batch) -> what `draw` returns.
        scales: numbers.
        batches: ranges of samples.
        store: a `ResumeState`.
        name: what the progress bar, which is only drawn on a terminal, and the log call the variant.
        guided: by anything. If not, the model is broken where samples cease to be finite.

    Returns:
        scale -> images of all batches; scale -> seconds per image, and scale -> `divergence`: each scale is in one of the two.

    Raises:
        Interrupted: by SIGTERM or SIGINT, with the finished batches saved.
        FloatingPointError: samples of an unguided variant cease to be finite.
    """
    state = store.begin() or {"images": {}, "seconds": dict.fromkeys(scales, 0.0), "diverged": {}}
    images, seconds, diverged = state["images"], state["seconds"], state["diverged"]
    todo = [(scale, batch) for scale in scales for batch in batches if (scale, batch.start) not in images]
    with stop_signals() as stopping:
        checkpoints = Checkpoints(store, stopping)
        for scale, batch in tqdm(todo, unit="batch", desc=name, disable=None):
            if scale in diverged:
                continue
            began = time.monotonic()
            drawn, broken = draw_batch(scale, batch)
            seconds[scale] += time.monotonic() - began
            images[scale, batch.start] = drawn
            if found := divergence(broken):
                said = "{count} of {of} samples ceased to be finite, the first with {step} steps to go".format(**found)
                if not guided:
                    raise FloatingPointError(f"{name}: {said}; its model is broken: train it with a lower `lr`")
                print(f"{name} diverged at scale {scale:g}: {said}")
                diverged[scale] = found
                images |= {(scale, each.start): drawn.new_zeros(len(each), *drawn.shape[1:]) for each in batches}
            checkpoints.offer(lambda: state)
    if todo:
        store.save(state)
    count = sum(map(len, batches))
    whole = {scale: torch.cat([images[scale, batch.start] for batch in batches]) for scale in scales}
    return whole, {scale: seconds[scale] / count for scale in scales if scale not in diverged}, diverged
