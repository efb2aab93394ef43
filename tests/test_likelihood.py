"""The variational bound against a world where it is tight and known, and what variational diffusion models promise."""

import math
from functools import partial

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from energyguide.diffusion import likelihood
from energyguide.diffusion.denoiser import Denoiser
from energyguide.diffusion.denoisers.diffusion import intervals
from energyguide.diffusion.denoisers.vdm import schedule_at
from energyguide.diffusion.likelihood import continuous, decoder, discrete, evenly, reconstruction, slope_of
from energyguide.diffusion.samplers import ddpm_mean
from energyguide.diffusion.schedule import Schedule, linear_schedule
from energyguide.metrics.likelihood import (
    SHAPES,
    bits,
    bound,
    continuous_bound,
    estimates,
    from_latent,
    from_prediction,
    measure,
)
from energyguide.nets.unet import fourier_features
from energyguide.nets.vdm import VDM, Monotone
from energyguide.training.vdm import VariationalObjective

SMALL = {"width": 8, "multipliers": (1, 2), "blocks": 1, "attention": (), "dropout": 0.0}
VARIANCE = 0.2**2
ENTROPY = math.log2(2 * math.pi * math.e * VARIANCE) / 2 - math.log2(2 / 255)  # bits, on the grid of 256 values


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = VDM(1, 8, fourier=(1, 2), **SMALL)
    torch.nn.init.normal_(model.unet.head[-1].weight, std=0.1)
    return model


@pytest.fixture
def gaussians(generator):
    """Images whose pixels are normal, on the grid of values."""
    x = VARIANCE**0.5 * torch.randn(2000, 1, 4, 4, generator=generator)
    return (x * 127.5 + 127.5).round() / 127.5 - 1


def agrees(draws, expected):
    """Whether the mean of some draws is no further from what is expected than four of its standard errors, which are small."""
    draws = torch.tensor(draws, dtype=torch.float64)
    error = draws.std().item() / len(draws) ** 0.5
    return abs(draws.mean().item() - expected) < 4 * error < 0.2 * abs(expected)


class Exact:
    """Knows the noise in z, for pixels that are normal; timestep gamma itself.

    At the clean end the noise is as large as a grey level: below it the grid would show.
    """

    ends = torch.tensor([-9.6, 8.0])

    def __call__(self, z, gamma):
        alpha2, sigma2 = (torch.sigmoid(sign * gamma).view(-1, 1, 1, 1) for sign in (-1, 1))
        return sigma2.sqrt() * z / (alpha2 * VARIANCE + sigma2)

    def gamma(self, t, shape=None):
        low, high = self.ends
        return low + (high - low) * (shape or SHAPES["linear"])(t)

    def timestep(self, gamma):
        return gamma

    def schedule(self, steps):
        gamma = self.gamma(torch.linspace(0, 1, steps + 1, dtype=torch.float64))
        return Schedule(gamma.float(), torch.sigmoid(-gamma))


def test_the_bound_of_gaussian_data_is_their_entropy(gaussians):
    """With the true denoiser it is tight in continuous time, in any shape of the schedule, and looser by few steps."""
    exact = Exact()
    drawn = {shape: partial(continuous_bound, exact, exact, function) for shape, function in SHAPES.items()}
    drawn |= {steps: partial(bound, exact, exact.schedule(steps), from_latent) for steps in (20, 1000)}
    found = {name: estimates(function, gaussians, 8, seed=0) for name, function in drawn.items()}
    for name in (*SHAPES, 1000):
        assert agrees(found[name]["total"], ENTROPY), name
    assert min(found[20]["total"]) > ENTROPY + 0.2
    assert sum(found["linear"]["prior"]) < 1e-3
    assert found["quadratic"]["spread"] < 0.9 * found["linear"]["spread"]  # more of its time is where errors are large


def exact_on(levels):
    """`Exact`, conditioned on the timesteps of a schedule."""
    gammas = dict(zip(levels.timesteps.tolist(), torch.logit(1 - levels.abar).float(), strict=True))
    network = Exact()
    return lambda z, t: network(z, torch.stack([gammas[i] for i in t.tolist()]))


@pytest.mark.parametrize("steps", [20, 200, 999])
def test_the_bound_of_a_fixed_schedule_is_the_sum_of_its_steps(gaussians, steps):
    """DDPM's linear betas: each step costs what of its noise cannot be known."""
    levels = intervals(linear_schedule(), steps)
    gamma, abar = torch.logit(1 - levels.abar), levels.abar[1:]
    lost = abar * VARIANCE / (abar * VARIANCE + 1 - abar)
    expected = (torch.expm1(gamma.diff()) * lost).sum().item() / 2 / math.log(2)
    drawn = partial(bound, exact_on(levels), levels, from_prediction)
    assert agrees(estimates(drawn, gaussians, 8, seed=0)["diffusion"], expected)
    assert levels.timesteps[[0, -1]].tolist() == [0, 999] and len(levels) == steps + 1


@pytest.mark.parametrize("steps", [20, 999])
def test_ddpm_decodes_from_the_image_that_it_predicts(gaussians, steps):
    """The last step costs the surprise of its errors, which are normal, under the released code's sigma_1^2 = beta~_2."""
    levels = intervals(linear_schedule(), steps)
    (first, second), half = levels.abar[:2].tolist(), 1 / 255
    sigma = ((1 - second / first) * (1 - first) / (1 - second)) ** 0.5
    kept = (
        first * VARIANCE / (first * VARIANCE + 1 - first)
    )  # of x in the predicted image, whose noise is kept^2 (1 - abar) / abar
    error = norm(scale=((1 - kept) ** 2 * VARIANCE + kept**2 * (1 - first) / first) ** 0.5)

    def surprise(e):
        return -math.log2(norm.cdf((e + half) / sigma) - norm.cdf((e - half) / sigma))

    expected, _ = quad(lambda e: error.pdf(e) * surprise(e), -0.05, 0.05)
    found = estimates(partial(bound, exact_on(levels), levels, from_prediction), gaussians, 8, seed=0)
    assert agrees(found["reconstruction"], expected)


@pytest.mark.parametrize(("mean", "sigma"), [(0.3, 0.01), (-1.0, 0.007), (1.4, 0.05), (0.0, 3.0)])
def test_the_decoder_shares_all_probability_among_the_grey_levels(mean, sigma):
    """Each has the mass of its bin, and the outermost all that lies beyond them."""
    levels = (torch.arange(256) / 127.5 - 1).view(-1, 1, 1, 1)
    found = torch.exp(-decoder(levels, torch.full_like(levels, mean), sigma))
    edges = norm.cdf((torch.arange(255) + 0.5) / 127.5 - 1, mean, sigma)
    assert found.sum().item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(found, torch.tensor([0, *edges, 1]).double().diff(), rtol=0, atol=1e-5)


def test_grey_levels_far_from_the_predicted_one_cost_bits_and_not_infinity():
    ends = torch.tensor([-1.0, 1.0, -0.2, 0.6]).view(4, 1, 1, 1)
    cost, nearest = decoder(ends, -ends, 0.001), 2 * ends.abs().flatten() - 1 / 255
    assert torch.allclose(cost, (nearest / 0.001).double() ** 2 / 2, rtol=1e-3)


def test_models_on_a_fixed_schedule_are_decoded_as_ddpm_and_learned_ones_as_vdm(gaussians, model):
    x = torch.nn.functional.interpolate(gaussians[:20], size=8)
    fixed, learned = intervals(linear_schedule(), 2), schedule_at(model, torch.linspace(0, 1, 3))
    denoisers = Denoiser(exact_on(fixed), None, lambda steps: fixed), Denoiser(model, None, lambda steps: learned, learned=model)
    found = [measure(denoiser, x, [2], [], 2, seed=0) for denoiser in denoisers]
    assert [result["decoder"] for result in found] == ["from_prediction", "from_latent"]
    of_ddpm, of_vdm = (result["discrete"][2]["reconstruction"] for result in found)
    assert max(of_vdm) < 0.1 < 1 < min(of_ddpm)


def test_steps_between_learned_levels_are_exact_posteriors(model):
    """q(z_s | z_t, x) of the paper's eq. 25 to 29 is the DDPM step of the same levels."""
    levels = schedule_at(model, torch.linspace(0, 1, 6))
    (s, t), x, z = levels.abar[2:4], 0.3, -0.8
    step = 1 - t / s  # variance of q(z_t | z_s), which scales z_s by sqrt(t / s)
    weight_z, weight_x = (t / s).sqrt() * (1 - s) / (1 - t), s.sqrt() * step / (1 - t)
    state = type("State", (), {"abar": t.item(), "x0": x, "x_t": z})
    assert levels.posterior_variance[3].item() == pytest.approx((step * (1 - s) / (1 - t)).item())
    assert ddpm_mean(state, levels.betas[3].item(), s.item()) == pytest.approx((weight_z * z + weight_x * x).item())


def test_the_diffusion_term_does_not_depend_on_the_shape_of_the_schedule(model, gaussians):
    """Of any network: in continuous time only the end points count."""
    x = torch.nn.functional.interpolate(gaussians, size=8)
    shapes = {"learned": None, **SHAPES}
    found = {
        name: estimates(partial(continuous_bound, model, model, shape), x, 6, seed=1)["diffusion"]
        for name, shape in shapes.items()
    }
    for name, draws in found.items():
        assert sum(draws) / 6 == pytest.approx(sum(found["linear"]) / 6, rel=0.02), name


def test_steps_without_end_are_continuous_time(model):
    t, error = torch.linspace(0.1, 1, 7), torch.rand(7)
    gamma, slope = slope_of(model.gamma, t)
    many = discrete(error, gamma, model.gamma(t - 1e-3), 1000)
    assert torch.allclose(many, continuous(error, slope), rtol=0.02)
    assert (discrete(error, gamma, model.gamma(t - 0.1), 10) > continuous(error, slope)).all()


def test_the_learned_shape_maps_the_interval_onto_itself_and_rises():
    torch.manual_seed(3)
    shape = Monotone()
    for parameter in shape.parameters():
        torch.nn.init.normal_(parameter, std=2.0)
    y = shape(torch.linspace(0, 1, 200))
    assert (y[0].item(), y[-1].item()) == pytest.approx((0, 1), abs=1e-6) and (y.diff() > 0).all()


def test_times_are_spread_evenly_and_stay_below_one(monkeypatch):
    torch.manual_seed(0)
    assert torch.equal((evenly(50) * 50).long(), torch.arange(50))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor(0.9996))
    assert evenly(10_000).max() < 1


@pytest.mark.parametrize("steps", [None, 10])
def test_the_shape_descends_the_square_of_the_diffusion_term_and_all_else_the_bound(model, steps):
    """In continuous time; with finitely many steps everything descends the bound."""
    objective = VariationalObjective(model, steps, {"crop": 0, "flip": False, "jitter": 0}, torch.device("cpu"))
    x = torch.randint(256, (16, 1, 8, 8)) / 255
    tensors = objective.batch(x, None)
    assert torch.equal(tensors[0], 2 * x - 1)
    objective.loss(*tensors).backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    _, t, eps, _ = tensors

    def term():
        if steps:
            return objective.diffusion(2 * x - 1, t, eps)
        gamma, slope = slope_of(model.gamma, t)
        z = torch.sigmoid(-gamma).sqrt().view(-1, 1, 1, 1) * (2 * x - 1) + torch.sigmoid(gamma).sqrt().view(-1, 1, 1, 1) * eps
        return slope / 2 * (model(z, model.timestep(gamma)) - eps).square().flatten(1).sum(1)

    loss = (term() / 64).mean() if steps else (term() / 64).square().mean()
    loss.backward()
    for name in ("shape.places", "shape.heights"):
        assert torch.allclose(found[name], dict(model.named_parameters())[name].grad, rtol=1e-3, atol=1e-6), name
    model.zero_grad()
    (term() / 64).mean().backward()
    assert torch.allclose(found["unet.head.2.weight"], model.unet.head[-1].weight.grad, rtol=1e-3, atol=1e-6)


def test_fourier_features_tell_neighbouring_values_apart():
    values = torch.linspace(-1, 1, 256).view(-1, 1, 1, 1)
    seen = fourier_features(values, (6, 7))
    assert seen.shape == (256, 5, 1, 1) and torch.equal(seen[:, :1], values)
    assert (seen[1:, 1:] - seen[:-1, 1:]).flatten(1).norm(dim=1).min() > 100 * values.diff(dim=0).min()


def test_bits_per_dimension_of_a_uniform_guess():
    assert bits(torch.tensor(64 * math.log(256)), torch.zeros(1, 1, 8, 8)).item() == pytest.approx(8)


def test_pixels_are_timestep_from_little_noise_and_hardly_from_much(generator, monkeypatch):
    """The reconstruction is what naming one value of a grid costs; by how many images at a time does not matter."""
    x = torch.randint(256, (6, 1, 8, 8), generator=generator) / 127.5 - 1
    eps = torch.randn(x.shape, generator=generator)
    cost = {gamma: bits(reconstruction(x, torch.tensor(gamma), eps), x) for gamma in (-20.0, -8.0, 8.0)}
    assert cost[-20.0].max() < 1e-6 and cost[8.0].min() > 7
    spacing, sigma = 2 / 255, math.exp(-4)
    assert cost[-8.0].mean().item() == pytest.approx(math.log2(sigma / spacing * (2 * math.pi * math.e) ** 0.5), abs=0.2)
    monkeypatch.setattr(likelihood, "AT_ONCE", 1)
    assert torch.allclose(bits(reconstruction(x, torch.tensor(-8.0), eps), x), cost[-8.0])
