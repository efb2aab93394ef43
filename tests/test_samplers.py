import diffusers
import pytest
import torch
from diffusers.schedulers import scheduling_ddpm

from energyguide.diffusion.hooks import Guidance
from energyguide.diffusion.samplers import final_samples, reverse, to_uint8
from energyguide.diffusion.schedule import Schedule, linear_schedule, respace

FULL = linear_schedule()
SAMPLERS = [
    {"sampler": "ddpm", "variance": "small"},
    {"sampler": "ddpm", "variance": "large"},
    {"sampler": "ddim", "eta": 0.0},
    {"sampler": "ddim", "eta": 1.0},
    {"sampler": "dpm"},
]


@pytest.mark.parametrize("options", SAMPLERS)
def test_sampler_reaches_the_mixture(mixture, generator, options):
    """With the true score, mean, covariance and weights of the components come out, within sampling error."""
    n, steps = 6000, 500
    x, *_ = noises = torch.randn(2, n, 1, 1, 2, generator=generator, dtype=torch.float64)

    def noise(index):
        return noises[1].normal_(generator=generator)

    x, broken = final_samples(reverse(mixture.unconditional, respace(FULL, steps), x, None, noise, clip=False, **options))
    assert (broken == -1).all()
    x = x.view(n, 2)
    error = (x - mixture.mean).mean(0).abs() / (mixture.covariance.diagonal() / n).sqrt()
    assert (error < 5).all()
    products = (x - mixture.mean)[:, :, None] * (x - mixture.mean)[:, None]
    error = (products.mean(0) - mixture.covariance).abs() / (products.std(0) / n**0.5)
    assert (error < 5).all()
    shares = mixture.logits(x, 1.0).softmax(1).mean(0)
    assert ((shares - mixture.weights).abs() < 5 * (mixture.weights * (1 - mixture.weights) / n).sqrt()).all()


def test_one_network_step_from_the_image_recovers_it(generator):
    """With the true noise of one image, every step predicts that image, and the walk ends in it."""
    x0 = torch.rand(4, 1, 2, 2, generator=generator, dtype=torch.float64) * 2 - 1
    noise = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    schedule = respace(FULL, 20)

    def network(x, t, y):
        return (x - FULL.abar[t[0]].sqrt() * x0) / (1 - FULL.abar[t[0]]).sqrt()

    for options in SAMPLERS:
        for state in reverse(network, schedule, noise, None, lambda index: noise, **options):
            torch.testing.assert_close(state.x0, x0)
        torch.testing.assert_close(state.x_prev, x0)


@pytest.mark.parametrize(("sampler", "order"), [("ddim", 1), ("dpm", 2)])
def test_twice_the_steps_divide_the_error_by_two_to_the_order(mixture, generator, sampler, order):
    """The error of a solver of the order p is C steps^-p: measured with the true score, on steps even in lambda."""
    x = torch.randn(100, 1, 1, 2, generator=generator, dtype=torch.float64)

    def images(sampler, steps):
        half_log_snr = torch.linspace(4, -3, steps + 1, dtype=torch.float64)
        schedule = Schedule(torch.arange(steps + 1), torch.sigmoid(2 * half_log_snr))
        mixture.table = schedule.abar
        return final_samples(reverse(mixture.unconditional, schedule, x, None, None, sampler=sampler, clip=False))[0]

    exact = images("dpm", 2000)
    coarse, fine = ((images(sampler, steps) - exact).square().mean().sqrt() for steps in (100, 200))
    assert (coarse / fine).log2().item() == pytest.approx(order, abs=0.05)


def toy(x, t, y):
    return torch.tanh(x) + 0.3 * torch.sin(3 * x.flip(2) + t.view(-1, 1, 1, 1) / 100)


def peer(scheduler, steps):
    """A scheduler of diffusers that counts in double precision, as ours does; its own table is in single."""
    torch.testing.assert_close(scheduler.alphas_cumprod.double(), FULL.abar, rtol=1e-4, atol=1e-7)
    scheduler.alphas_cumprod = FULL.abar
    scheduler.set_timesteps(steps)
    return scheduler


def walk(steps, spacing="uniform", **options):
    generator = torch.Generator().manual_seed(1)
    x, *noise = torch.randn(steps + 1, 5, 2, 3, 3, generator=generator, dtype=torch.float64)
    states = reverse(toy, respace(FULL, steps, spacing), x, None, lambda index: noise[index], **options)
    return [(state, toy(state.x_t, torch.full((5,), state.t), None), noise[state.index]) for state in states]


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("variance", ["small", "large"])
@pytest.mark.parametrize("steps", [1000, 50])
def test_ddpm_steps_equal_diffusers(monkeypatch, steps, variance, clip):
    theirs = peer(
        diffusers.DDPMScheduler(
            variance_type=f"fixed_{variance}", clip_sample=clip, timestep_spacing="leading", beta_start=1e-4, beta_end=0.02
        ),
        steps,
    )
    ours = walk(steps, sampler="ddpm", variance=variance, clip=clip)
    assert [state.t for state, _, _ in ours] == theirs.timesteps.tolist()
    for state, eps, noise in ours:
        monkeypatch.setattr(scheduling_ddpm, "randn_tensor", lambda *a, noise=noise, **k: noise)
        step = theirs.step(eps, state.t, state.x_t)
        torch.testing.assert_close(state.x0, step.pred_original_sample, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(state.x_prev, step.prev_sample, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_ddim_steps_equal_diffusers(eta, clip):
    theirs = peer(diffusers.DDIMScheduler(clip_sample=clip, timestep_spacing="leading", beta_start=1e-4, beta_end=0.02), 100)
    ours = walk(100, sampler="ddim", eta=eta, clip=clip)
    assert [state.t for state, _, _ in ours] == theirs.timesteps.tolist()
    for state, eps, noise in ours:
        noise = noise if eta else None
        step = theirs.step(eps, state.t, state.x_t, eta, use_clipped_model_output=True, variance_noise=noise)
        torch.testing.assert_close(state.x_prev, step.prev_sample, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(("steps", "spacing"), [(10, "trailing"), (20, "uniform")])  # diffusers' rules differ below 15 steps
def test_dpm_steps_equal_diffusers(steps, spacing, clip):
    """Their thresholds that may not exceed 1 are our clipping."""
    options = {"thresholding": clip, "sample_max_value": 1.0, "beta_start": 1e-4, "beta_end": 0.02}
    theirs = peer(diffusers.DPMSolverMultistepScheduler(**options), steps)
    ours = walk(steps, spacing, sampler="dpm", clip=clip)
    theirs.set_timesteps(timesteps=[state.t for state, _, _ in ours])
    for state, eps, _ in ours:
        torch.testing.assert_close(state.x_prev, theirs.step(eps, state.t, state.x_t).prev_sample, rtol=1e-5, atol=1e-5)


def test_clipping_keeps_the_predicted_image_in_range_even_when_guided():
    guidance = Guidance(eps=lambda state: 3 * state.x_t)
    x = torch.randn(4, 1, 2, 2)
    states = list(reverse(toy, respace(FULL, 10), x, None, lambda index: x, guidance))
    assert all(state.x0.abs().max() <= 1 for state in states)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_last_names_the_step_where_a_sample_broke(value):
    """Also where the clipped x_0 is finite again, as it is of an infinite eps."""

    def network(x, t, y):
        eps = torch.zeros_like(x)
        eps[1] = value if t[0] <= 600 else 0
        return eps

    x = torch.zeros(3, 1, 1, 1)
    _, broken = final_samples(reverse(network, respace(FULL, 10), x, None, lambda index: x))
    assert broken.tolist() == [-1, 6, -1]


def test_to_uint8_rounds_and_saturates():
    x = torch.tensor([-2, -1, -1 + 1.1 / 255, 0.999, 1, 2])
    assert to_uint8(x).tolist() == [0, 0, 1, 255, 255, 255]
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(2 * (levels.float() / 255) - 1), levels)
