import os
import signal
from itertools import pairwise

import pytest
import torch

from energyguide import checkpoints
from energyguide.guidance import Models
from energyguide.samplers import reverse, to_uint8
from energyguide.sampling import draw, draw_shard, find_guidance, schedule_of, shard_batches, walk
from energyguide.schedule import linear_schedule, respace
from energyguide.storage import ResumeState
from energyguide.trajectory import frames, record

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


def drawn(samples, spec=SPEC, scale=0.3, seed=0, network=network):
    return draw(network, samples, SHAPE, 3, PROCESS, spec, scale, Models(logits), seed, torch.device("cpu"))


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


def test_batches_hardly_change_a_sample():
    difference = drawn(range(4, 7)).int() - drawn(range(10))[4:7].int()
    assert difference.abs().max() <= 1


def test_samples_depend_on_seed_and_scale_and_ask_for_their_class():
    assert not torch.equal(drawn(range(5)), drawn(range(5), seed=1))
    assert not torch.equal(drawn(range(5)), drawn(range(5), scale=0.0))
    first = next(walk(network, range(4, 9), SHAPE, 3, PROCESS, SPEC, 1.0, Models(logits), 0, "cpu"))
    assert first.y.tolist() == [1, 2, 0, 1, 2]


def test_the_variant_reaches_the_sampler():
    """Each key of the block changes the images; the start is the same."""
    plain = SPEC | {"guidance": "unguided"}
    images = [drawn(range(5), plain | change) for change in ({}, {"sampler": "ddim"}, {"variance": "large"}, {"steps": 6})]
    images.append(drawn(range(5), plain | {"sampler": "ddim", "eta": 0.5}))
    images += [drawn(range(5), plain | {"spacing": "quadratic"}), drawn(range(5), SPEC)]
    assert all(not torch.equal(a, b) for i, a in enumerate(images) for b in images[:i])


def test_schedule_of_a_variant():
    schedule = schedule_of(PROCESS | {"beta_end": 0.01, "steps": 100}, SPEC)
    assert torch.equal(schedule.abar, respace(linear_schedule(100, 1e-4, 0.01), 5).abar)


def test_broken_samples_are_an_error_that_says_how_many():
    def broken(x, t, y):
        return network(x, t, y) / (y != 1).view(-1, 1, 1, 1)

    with pytest.raises(FloatingPointError, match="2 samples .* with 4 steps"):
        drawn(range(5), SPEC | {"guidance": "unguided", "clip": False}, network=lambda x, t, y: broken(x, t, y) * x.sign())


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_shard_goes_on_where_it_was(tmp_path, stop):
    """No batch is drawn twice, and the images are those of an uninterrupted run."""
    scales, batches, asked = [0.0, 0.3], shard_batches(10, 4, 1, 0), []

    def draw_batch(scale, batch):
        asked.append((scale, batch.start))
        if len(asked) in (2, 3, 6):
            os.kill(os.getpid(), stop)
        return drawn(batch, scale=scale)

    for _ in range(3):
        with pytest.raises(checkpoints.Interrupted):
            draw_shard(draw_batch, scales, batches, ResumeState(tmp_path, "x"))
    images, seconds = draw_shard(draw_batch, scales, batches, ResumeState(tmp_path, "x"))
    assert asked == [(scale, batch.start) for scale in scales for batch in batches]
    for scale in scales:
        assert torch.equal(images[scale], torch.cat([drawn(batch, scale=scale) for batch in batches]))
        assert seconds[scale] > 0


def test_a_killed_shard_loses_what_was_not_saved_alone(tmp_path):
    batches, asked = shard_batches(10, 4, 1, 0), []

    def draw_batch(scale, batch):
        asked.append(batch.start)
        if len(asked) == 2:
            raise SystemExit
        return drawn(batch, scale=scale)

    with pytest.raises(SystemExit):
        draw_shard(draw_batch, [1.0], batches, ResumeState(tmp_path, "x", every=0))
    images, _ = draw_shard(draw_batch, [1.0], batches, ResumeState(tmp_path, "x"))
    assert asked == [0, 4, 4, 8]
    again, _ = draw_shard(draw_batch, [1.0], batches, ResumeState(tmp_path, "x"))
    assert torch.equal(again[1.0], images[1.0]) and len(asked) == 4
    assert torch.equal(images[1.0], torch.cat([drawn(batch, scale=1.0) for batch in batches]))


def test_unknown_guidance_names_the_known():
    with pytest.raises(ValueError, match="'magic' is unknown; there are unguided, classifier"):
        find_guidance({"guidance": "magic"}, 1.0, Models())


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


def test_drawing_is_the_end_of_the_walk():
    *_, state = walk(network, range(5), SHAPE, 3, PROCESS, SPEC, 0.3, Models(logits), 0, "cpu")
    assert torch.equal(to_uint8(state.x_prev), drawn(range(5)))
