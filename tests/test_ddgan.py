"""Denoising diffusion GANs: their posterior in closed form, whom each loss moves, and how modes are counted."""

import math

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from energyguide.diffusion.denoisers.ddgan import generate, with_latents
from energyguide.diffusion.samplers import final_samples
from energyguide.diffusion.sampling import Request, walk
from energyguide.diffusion.schedule import Schedule, linear_schedule, respace
from energyguide.nets.ddgan import Adversaries, Discriminator, Generator, generator_weights, minibatch_std
from energyguide.studies.points import SIDE, STD, PointDiscriminator, PointGenerator, centres, covered, gaussians
from energyguide.studies.stacked import coverage, spelled, stacked
from energyguide.training.ddgan import LAZY, AdversarialObjective, one_back, posterior

CPU = torch.device("cpu")
SMALL = {"width": 8, "multipliers": (1, 2), "blocks": 1, "attention": (), "dropout": 0.0}
LEAPS = {"guidance": "unguided", "spacing": "trailing", "variance": "small", "eta": 0, "clip": False, "sampler": "ddpm"}
PROCESS = {"steps": 1000, "beta_start": 1e-4, "beta_end": 0.02}


def leaps(steps):
    return respace(linear_schedule(), steps, "trailing")


def adversaries(**more):
    """Of images of 8x8 pixels, with layers at work that start at zero."""
    torch.manual_seed(0)
    model = Adversaries(Generator(1, 8, 4, **SMALL | more), Discriminator(1, 8, **SMALL))
    for name, parameter in model.named_parameters():
        if name.endswith(("conv2.weight", "head.2.weight")):
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def test_few_steps_begin_at_pure_noise():
    for steps in (1, 2, 4, 8):
        schedule = leaps(steps)
        assert schedule.timesteps.tolist() == [1000 * (i + 1) // steps - 1 for i in range(steps)]
        assert schedule.abar[-1] < 1e-4 and schedule.abar_prev[0] == 1


def test_the_posterior_is_that_of_bayes(generator):
    """Against q(x_{t-1} | x_0) q(x_t | x_{t-1}), normalised on a grid."""
    schedule, t = leaps(4), torch.tensor([2])
    x0, x_t = torch.tensor([0.6]), torch.tensor([-0.7])
    mean, sigma = posterior(schedule, x0, x_t, t)
    grid = torch.linspace(-8, 8, 20_001, dtype=torch.float64)
    abar_prev, beta = schedule.abar_prev[2], schedule.betas[2]
    log = -((grid - abar_prev.sqrt() * 0.6) ** 2) / (2 * (1 - abar_prev)) - (-0.7 - (1 - beta).sqrt() * grid) ** 2 / (2 * beta)
    weights = log.softmax(0)
    expected = (weights * grid).sum()
    assert mean.item() == pytest.approx(expected.item(), abs=1e-6)
    assert sigma.item() == pytest.approx((weights * (grid - expected) ** 2).sum().sqrt().item(), abs=1e-6)


def test_two_states_of_one_path_have_the_distribution_of_the_forward_process(generator):
    schedule, x0 = leaps(4), torch.full((200_000,), 0.5)
    t = torch.full((200_000,), 1)
    x_prev, x_t = one_back(schedule, x0, t, *torch.randn(2, 200_000, generator=generator))
    for x, abar in ((x_prev, schedule.abar[0]), (x_t, schedule.abar[1])):
        assert x.mean().item() == pytest.approx(0.5 * abar.sqrt().item(), abs=0.01)
        assert x.var().item() == pytest.approx(1 - abar.item(), abs=0.01)
    covariance = ((x_prev - x_prev.mean()) * (x_t - x_t.mean())).mean().item()
    assert covariance == pytest.approx(((1 - schedule.betas[1]).sqrt() * (1 - schedule.abar[0])).item(), abs=0.01)


@pytest.mark.parametrize("kind", ["posterior", "direct", "one-shot"])
def test_each_loss_moves_its_own_network(kind):
    """The gradient of the sum is that of either loss by its own parameters; the penalty is the squared slope at real images."""
    model = adversaries(bounded=kind != "direct")
    objective = AdversarialObjective(model, leaps(4), kind, 0.3, CPU)
    tensors = [*objective.batch(torch.rand(6, 1, 8, 8), None)[:-1], torch.full((6,), 0.3)]
    objective.loss(*tensors).backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()

    x_prev, x_t, t, z, noise, _ = tensors
    told, fake = objective.schedule.timesteps[t], objective.generate(x_t, t, z, noise)
    seen = torch.zeros_like(x_t) if kind == "one-shot" else x_t
    real = x_prev.clone().requires_grad_()
    with sdpa_kernel(SDPBackend.MATH):
        logits = model.discriminator(real, seen, told)
    slope = torch.autograd.grad(logits.sum(), real, create_graph=True)[0]
    against = -logits.sigmoid().log() - (1 - model.discriminator(fake, seen, told).sigmoid()).log()
    losses = {
        "discriminator": (against + 0.15 * slope.square().sum((1, 2, 3))).mean(),
        "generator": -model.discriminator(fake, seen, told).sigmoid().log().mean(),
    }
    for part, loss in losses.items():
        own = dict(getattr(model, part).named_parameters(prefix=part))
        wanted = torch.autograd.grad(loss, own.values(), retain_graph=True, allow_unused=True)
        for name, gradient in zip(own, wanted, strict=True):
            expected = torch.zeros_like(own[name]) if gradient is None else gradient
            assert torch.allclose(found[name], expected, rtol=1e-3, atol=1e-6), name
    assert all(p.requires_grad for p in model.parameters()) and model.discriminator.training


def test_the_penalty_of_some_steps_has_the_weight_of_one_in_each():
    objective = AdversarialObjective(adversaries(), leaps(4), "posterior", 0.3, CPU)
    torch.manual_seed(0)
    drawn = [objective.batch(torch.rand(2, 1, 8, 8), None)[-1] for _ in range(2000)]
    weights = torch.stack([torch.zeros(2) if weight is None else weight for weight in drawn])
    assert weights.unique().tolist() == pytest.approx([0, 0.3 * LAZY])
    assert weights.mean().item() == pytest.approx(0.3, rel=0.2)


def test_what_the_generator_makes_is_of_its_kind():
    model = adversaries()
    x, x_t, z, noise = torch.rand(5, 1, 8, 8), torch.randn(5, 1, 8, 8), torch.randn(5, 4), torch.randn(5, 1, 8, 8)
    first = torch.zeros(5, dtype=torch.int64)
    made = {kind: AdversarialObjective(model, leaps(4), kind, 0, CPU) for kind in ("posterior", "direct", "one-shot")}
    image = model.generator(x_t, made["posterior"].schedule.timesteps[first], z)
    assert torch.allclose(made["posterior"].generate(x_t, first, z, noise), image, atol=1e-6)  # the last step has no noise
    assert torch.equal(made["direct"].generate(x_t, first, z, noise), image)
    shot, later, schedule = model.generator(x_t, torch.full((5,), 999), z), torch.full((5,), 2), made["one-shot"].schedule
    assert torch.equal(made["one-shot"].generate(x_t, first, z, noise), shot)  # as images are: clean at the first step
    assert torch.allclose(made["one-shot"].generate(x_t, later, z, noise), schedule.add_noise(shot, later - 1, noise))
    assert image.abs().max() <= 1 and x.shape == image.shape


def drawn(model, samples, steps=4, seed=0, **more):
    denoiser, spec = with_latents(model.eval(), model.latent, PROCESS), LEAPS | {"steps": steps} | more
    with torch.no_grad():
        return final_samples(walk(denoiser, Request(samples, (1, 8, 8), 10, seed, CPU), spec, 0, None))[0]


def test_a_sample_depends_on_its_number_and_seed_alone():
    model = adversaries().generator
    every = drawn(model, range(6))
    assert torch.allclose(generate(model, 4, leaps(4), torch.arange(6), (1, 8, 8), 0), every, atol=1e-5)
    assert torch.allclose(torch.cat([drawn(model, range(4)), drawn(model, range(4, 6))]), every, atol=1e-5)
    assert not torch.allclose(drawn(model, range(6), seed=1), every, atol=0.1)
    assert len(every.flatten(1).unique(dim=0)) == 6


def test_the_sampler_draws_from_the_posterior_at_what_is_generated():
    """One image for every x_t: after each step the distribution is that of the forward process of this image."""
    image = torch.full((1, 1, 8, 8), 0.5)

    class Constant(torch.nn.Module):
        latent = 0

        def forward(self, x_t, t, z):
            assert z is None
            return image.expand_as(x_t)

    denoiser, schedule = with_latents(Constant(), 0, PROCESS), leaps(4)
    states = list(walk(denoiser, Request(range(400), (1, 8, 8), 10, 0, CPU), LEAPS | {"steps": 4}, 0, None))
    for state in states[:-1]:
        abar = schedule.abar_prev[state.index]
        assert state.x_prev.mean().item() == pytest.approx(0.5 * abar.sqrt().item(), abs=0.02)
        assert state.x_prev.var().item() == pytest.approx(1 - abar.item(), abs=0.02)
    assert torch.allclose(states[-1].x_prev, image.expand(400, -1, -1, -1), atol=1e-4)
    direct = list(walk(denoiser, Request(range(3), (1, 8, 8), 10, 0, CPU), LEAPS | {"steps": 4, "sampler": "direct"}, 0, None))
    assert all(torch.allclose(state.x_prev, image.expand(3, -1, -1, -1), atol=1e-4) for state in direct)


def test_a_discriminator_tells_one_image_many_times_from_many(generator):
    """By their spread; groups of eight do not see each other."""
    many, same = torch.randn(16, 3, 2, 2, generator=generator), torch.ones(16, 3, 2, 2)
    mixed = minibatch_std(torch.cat([many[:8], same[:8]])).flatten()
    assert torch.allclose(mixed[:8], many[:8].std(0, correction=0).mean().expand(8), atol=1e-4)
    assert mixed[8:].max() < 1e-3 and minibatch_std(many[:6]).shape == (6, 1, 1, 1)


def test_latents_matter_where_there_are_any():
    model = adversaries().generator
    x_t, t = torch.randn(2, 1, 8, 8), torch.tensor([999, 999])
    one, other = (model(x_t, t, torch.randn(2, 4)) for _ in range(2))
    without = Generator(1, 8, 0, **SMALL)
    assert not torch.allclose(one, other, atol=1e-4) and without(x_t, t).shape == x_t.shape
    assert generator_weights({"generator.a": 1, "discriminator.a": 2}) == {"a": 1}


def test_gaussians_are_covered_by_themselves_and_neither_by_their_mean_nor_by_noise(generator):
    points = gaussians(5000, seed=0)
    found = covered(points)
    assert (found["modes"], found["of"]) == (25, SIDE**2)
    assert found["share"] == pytest.approx(1 - math.exp(-4.5), abs=0.01)  # within three standard deviations in the plane
    assert covered(torch.zeros(10, 1, 1, 2)) == {"modes": 1, "of": 25, "share": 1.0}
    assert covered(torch.randn(5000, 1, 1, 2, generator=generator))["modes"] < 20  # noise is near all, but not often
    assert covered(torch.full((10, 1, 1, 2), 0.2))["modes"] == 0
    assert points.view(-1, 2).std(0).tolist() == pytest.approx(
        (centres().std(0, correction=0) ** 2 + STD**2).sqrt().tolist(), rel=0.03
    )


def test_points_are_generated_and_judged():
    model = Adversaries(PointGenerator(3, 16), PointDiscriminator(16))
    objective = AdversarialObjective(model, leaps(2), "posterior", 0.1, CPU)
    objective.loss(*objective.batch((gaussians(32, 0) + 1) / 2, None)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_coverage_is_the_number_of_kinds_and_the_divergence_from_what_is_expected():
    expected = np.full(1000, 1e-3)
    assert coverage(np.arange(1000), expected) == {"modes": 1000, "of": 1000, "kl": pytest.approx(0, abs=1e-12)}
    assert coverage(np.repeat(np.arange(100), 7), expected) == {"modes": 100, "of": 1000, "kl": pytest.approx(math.log(10))}
    images, labels = np.arange(40, dtype=np.uint8).reshape(10, 1, 2, 2), np.arange(10)
    shown, numbers = stacked(images, labels, 200, seed=1)
    assert shown.shape == (200, 3, 2, 2) and shown.dtype == np.uint8
    assert np.array_equal(spelled(shown[:, :, 0, 0] // 4), numbers) and numbers.max() < 1000


def test_a_schedule_can_be_cut():
    schedule = linear_schedule()[100:102]
    assert isinstance(schedule, Schedule) and schedule.timesteps.tolist() == [100, 101]
