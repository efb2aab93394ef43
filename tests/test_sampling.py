import json
import os
import signal
from contextlib import nullcontext
from itertools import pairwise

import pytest
import torch

from energyguide.diffusion.denoisers.diffusion import with_process
from energyguide.diffusion.guides import find_guidance
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.samplers import reverse, to_uint8
from energyguide.diffusion.sampling import Request, divergence, sample, sample_shard, shard_batches, walk
from energyguide.diffusion.schedule import linear_schedule, respace, schedule_of
from energyguide.metrics.samples import gathered
from energyguide.nets.unet import UNet
from energyguide.run.resume import Interrupted, ResumeState
from energyguide.studies.trajectories import frames, record

PROCESS = {"steps": 1000, "beta_start": 1e-4, "beta_end": 0.02}
SPEC = {
    "guidance": "energy",
    "unit": "standard",
    "at": "x_t",
    "steps": 5,
    "spacing": "uniform",
    "sampler": "ddpm",
    "variance": "small",
    "eta": 0.0,
    "clip": True,
}
SHAPE = (1, 2, 2)


def network(x, t, y):
    return torch.tanh(x + t.view(-1, 1, 1, 1) / 1000)


def logits(x, t):
    return torch.stack([x.flatten(1).sum(1) * k + x.flatten(1).square().sum(1) for k in (-1, 0, 1)], dim=1)


def ended(samples, spec=SPEC, scale=0.3, seed=0, network=network):
    request = Request(samples, SHAPE, 3, seed, torch.device("cpu"))
    return sample(with_process(network, PROCESS), request, spec, scale, Models(logits))


def drawn(*arguments, **more):
    images, broken = ended(*arguments, **more)
    assert (broken == -1).all()
    return images


@pytest.mark.parametrize("total, batch", [(10, 3), (12, 4), (1, 5), (7, 1)])
@pytest.mark.parametrize("shards", [1, 2, 3, 5, 20])
def test_shards_cover_each_sample_once_in_whole_batches(total, batch, shards):
    pieces = [shard_batches(total, batch, shards, shard) for shard in range(shards)]
    assert [i for shard in pieces for piece in shard for i in piece] == list(range(total))
    assert all(piece.start % batch == 0 and len(piece) <= batch for shard in pieces for piece in shard)
    counts = [len(shard) for shard in pieces]
    assert max(counts) - min(counts) <= 1


def test_shards_do_not_change_a_pixel():
    whole = torch.cat([drawn(samples) for samples in shard_batches(10, 3, 1, 0)])
    for shards in (2, 4):
        parts = [drawn(samples) for shard in range(shards) for samples in shard_batches(10, 3, shards, shard)]
        assert torch.equal(torch.cat(parts), whole)
    assert whole.dtype == torch.uint8 and whole.shape == (10, *SHAPE)
    assert len(whole.flatten(1).unique(dim=0)) == 10


def unet():
    torch.manual_seed(0)
    network = UNet(1, 8, width=16, multipliers=(1, 2), blocks=1, attention=(4,), dropout=0).eval().requires_grad_(False)
    torch.nn.init.normal_(network.head[-1].weight, std=0.1)
    return network


@pytest.mark.parametrize("threads, pieces", [(1, [range(12)]), (1, [range(5), range(5, 12)]), (2, [range(12)])])
def test_batches_and_threads_hardly_change_a_sample(threads, pieces):
    """No more than one grey level in 50 steps; and by the same batches and threads not a bit."""
    spec, denoiser = SPEC | {"guidance": "unguided", "steps": 50}, with_process(unet(), PROCESS)

    def images(count, pieces):
        torch.set_num_threads(count)
        try:
            parts = [sample(denoiser, Request(piece, (1, 8, 8), 3, 0, "cpu"), spec, 0.0, Models())[0] for piece in pieces]
        finally:
            torch.set_num_threads(1)
        return torch.cat(parts)

    found = images(threads, pieces)
    difference = found.int() - images(1, [range(12)]).int()
    assert difference.abs().max() <= 1 and found.float().std() > 10
    assert torch.equal(found, images(threads, pieces))


def test_samples_depend_on_seed_and_scale_and_ask_for_their_class():
    assert not torch.equal(drawn(range(5)), drawn(range(5), seed=1))
    assert not torch.equal(drawn(range(5)), drawn(range(5), scale=0.0))
    first = next(walk(with_process(network, PROCESS), Request(range(4, 9), SHAPE, 3, 0, "cpu"), SPEC, 1.0, Models(logits)))
    assert first.y.tolist() == [1, 2, 0, 1, 2]


def test_the_variant_reaches_the_sampler():
    """Each key of the block changes the images; the start is the same."""
    plain = SPEC | {"guidance": "unguided"}
    images = [drawn(range(5), plain | change) for change in ({}, {"sampler": "ddim"}, {"variance": "large"}, {"steps": 6})]
    images.append(drawn(range(5), plain | {"sampler": "ddim", "eta": 0.5}))
    images += [drawn(range(5), plain | {"spacing": "quadratic"}), drawn(range(5), SPEC)]
    images.append(drawn(range(5), plain | {"sampler": "dpm"}))
    assert all(not torch.equal(a, b) for i, a in enumerate(images) for b in images[:i])


def test_schedule_of_a_variant():
    schedule = schedule_of(PROCESS | {"beta_end": 0.01, "steps": 100}, SPEC)
    assert torch.equal(schedule.abar, respace(linear_schedule(100, 1e-4, 0.01), 5).abar)


def test_broken_samples_are_counted():
    def broken(x, t, y):
        return network(x, t, y) / (y != 1).view(-1, 1, 1, 1)

    plain = SPEC | {"guidance": "unguided", "clip": False}
    found = divergence(ended(range(5), plain, network=lambda x, t, y: broken(x, t, y) * x.sign())[1])
    assert found == {"count": 2, "of": 5, "step": 4}
    assert gathered([found, {"count": 3, "of": 4, "step": 1}]) == {"count": 5, "of": 9, "step": 4}
    assert divergence(ended(range(5), plain)[1]) is None


def test_an_unguided_variant_that_diverges_is_an_error_that_names_it_and_is_tried_anew(tmp_path):
    batches, asked, said = shard_batches(10, 4, 1, 0), [], "ddpm: 2 of 4 samples ceased to be finite, the first with 3 steps"

    def sample_batch(batch):
        asked.append(batch.start)
        return drawn(batch), torch.tensor([-1, 3, 1, -1])

    for _ in range(2):
        with pytest.raises(FloatingPointError, match=said):
            sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"), "ddpm", guided=False)
    assert asked == [0, 0]


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_shard_that_diverges_is_black_and_drawn_no_further(tmp_path, capsys, interrupted):
    batches, asked = shard_batches(10, 4, 1, 0), []

    def sample_batch(batch):
        asked.append(batch.start)
        if interrupted:
            os.kill(os.getpid(), signal.SIGTERM)
        return ended(batch, scale=1e30)

    with pytest.raises(Interrupted) if interrupted else nullcontext():
        sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"))
    images, seconds, diverged = sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"))
    assert capsys.readouterr().out.count("the variant diverged: 4 of 4 samples ceased to be finite") == 1
    assert asked == [0] and seconds is None
    assert (diverged["count"], diverged["of"]) == (4, 4) and 0 < diverged["step"] < SPEC["steps"]
    assert torch.equal(images, torch.zeros(10, *SHAPE, dtype=torch.uint8))


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_shard_goes_on_where_it_was(tmp_path, stop):
    """No batch is drawn twice, and the images are those of an uninterrupted run."""
    batches, asked = shard_batches(10, 2, 1, 0), []

    def sample_batch(batch):
        asked.append(batch.start)
        if len(asked) in (2, 3, 5):
            os.kill(os.getpid(), stop)
        return ended(batch, scale=0.3)

    for _ in range(3):
        with pytest.raises(Interrupted):
            sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"))
    images, seconds, diverged = sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"))
    assert asked == [batch.start for batch in batches] and seconds > 0 and diverged is None
    assert torch.equal(images, torch.cat([drawn(batch, scale=0.3) for batch in batches]))


def test_a_killed_shard_loses_what_was_not_saved_alone(tmp_path):
    batches, asked = shard_batches(10, 4, 1, 0), []

    def sample_batch(batch):
        asked.append(batch.start)
        if len(asked) == 2:
            raise SystemExit
        return ended(batch, scale=1.0)

    with pytest.raises(SystemExit):
        sample_shard(sample_batch, batches, ResumeState(tmp_path, "x", every=0))
    images, *_ = sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"))
    assert asked == [0, 4, 4, 8]
    again, *_ = sample_shard(sample_batch, batches, ResumeState(tmp_path, "x"))
    assert torch.equal(again, images) and len(asked) == 4
    assert torch.equal(images, torch.cat([drawn(batch, scale=1.0) for batch in batches]))


@pytest.mark.parametrize("count, steps", [(2, 2), (5, 50), (10, 10), (7, 1000)])
def test_frames_go_evenly_from_noise_to_image(count, steps):
    found = frames(count, steps)
    assert (len(found), found[0], found[-1]) == (count, steps - 1, 0)
    gaps = [a - b for a, b in pairwise(found)]
    assert min(gaps) > 0 and max(gaps) - min(gaps) <= 1


def test_record_follows_the_walk(mixture, generator):
    """Energies at x_t and at the predicted image, and the length of the shift over sigma."""
    schedule, observer = respace(linear_schedule(), 6), Models(lambda x, t: mixture.logits(x))
    hook = find_guidance({"guidance": "energy", "unit": "sigma", "at": "x_t"}, 2.0, observer)
    x, *noise = torch.randn(7, 8, 1, 1, 2, generator=generator, dtype=torch.float64)
    y = torch.arange(8) % 3

    def states():
        return reverse(mixture.unconditional, schedule, x, y, lambda index: noise[index], hook, clip=False)

    lines, (x_t, x0) = record(states(), observer, 3, 6, 5)
    walked = list(states())
    assert lines["t"] == schedule.timesteps.tolist()[::-1]
    for i, state in enumerate(walked):
        assert lines["E(x_t)"][i] == pytest.approx(-observer.logits(state.x_t, state.t).logsumexp(1).mean().item())
        assert lines["E(x_0,y)"][i] == pytest.approx(-observer.logits(state.x0, 0)[torch.arange(8), y].mean().item())
        gradient = mixture.scores(state.x_t, 1.0)[torch.arange(8), y].norm(dim=1).mean().item()
        assert lines["shift/sigma"][i] == (pytest.approx(2 * gradient) if state.sigma else None)
    kept = [walked[i] for i in range(6) if walked[i].index in frames(3, 6)]
    assert torch.equal(x_t, torch.stack([s.x_t[:5] for s in kept])) and torch.equal(x0, torch.stack([s.x0[:5] for s in kept]))
    assert len(kept) == 3


def test_a_walk_that_diverges_is_recorded_as_such_with_black_frames():
    states = walk(with_process(network, PROCESS), Request(range(5), SHAPE, 3, 0, "cpu"), SPEC, 1e30, Models(logits))
    lines, frames = record(states, Models(logits), 3, SPEC["steps"], 4)
    assert lines == {"diverged": True} and all(torch.equal(part, torch.full((3, 4, *SHAPE), -1.0)) for part in frames)


def test_numbers_of_a_walk_that_json_cannot_hold_are_none():
    """Energies that overflow, of samples that do not."""
    states = walk(with_process(network, PROCESS), Request(range(5), SHAPE, 3, 0, "cpu"), SPEC, 0.3, Models(logits))
    lines, _ = record(states, Models(lambda x, t: 1e38 * logits(x, t)), 3, SPEC["steps"], 4)
    assert None in lines["E(x_t)"] and "nan" not in json.dumps(lines).lower() and lines["t"]


def test_drawing_is_the_end_of_the_walk():
    *_, state = walk(with_process(network, PROCESS), Request(range(5), SHAPE, 3, 0, "cpu"), SPEC, 0.3, Models(logits))
    assert torch.equal(to_uint8(state.x_prev), drawn(range(5)))
