"""Reverse diffusion in one walk: DDPM (Ho et al. 2020), DDIM (Song et al. 2021), DPM-Solver++(2M) (Lu et al. 2022), and direct
denoising.

Guidance is a hook: it may replace the prediction, correct eps, or shift the mean; the rest follows from that.
"""

import math
from dataclasses import replace

import torch

from energyguide.data.noise import fold, normal
from energyguide.diffusion.hooks import Guidance, State


def predict_x0(state, clip):
    x0 = (state.x_t - (1 - state.abar) ** 0.5 * state.eps) / state.abar**0.5
    return x0.clamp(-1, 1) if clip else x0


def ddpm_mean(state, beta, abar_prev):
    """Mean of q(x_{t-1} | x_t, x_0) at the predicted x_0 (DDPM, eq. 7); unclipped, it is DDPM's eq. 11."""
    a = abar_prev**0.5 * beta / (1 - state.abar)
    b = (1 - beta) ** 0.5 * (1 - abar_prev) / (1 - state.abar)
    return a * state.x0 + b * state.x_t


def ddim_mean(state, beta, abar_prev):
    """DDIM, eq. 12, without its noise; eps is the one that belongs to the predicted x_0."""
    eps = (state.x_t - state.abar**0.5 * state.x0) / (1 - state.abar) ** 0.5
    return abar_prev**0.5 * state.x0 + max(1 - abar_prev - state.sigma**2, 0) ** 0.5 * eps


def half_log_snr(abar):
    """lambda = log(sqrt(abar) / sqrt(1 - abar)), in which DPM-Solver measures its steps."""
    return math.log(abar / (1 - abar)) / 2


def dpm_mean(state, beta, abar_prev):
    """DPM-Solver++(2M), algorithm 2: the deterministic DDIM step, with x_0 extrapolated to the middle of the step in lambda.

    The line goes through the last two predictions. The first step has only one, and the last has no middle, as lambda is infinite
    at the image: both are plain DDIM steps.
    """
    if state.before and abar_prev < 1:
        h = half_log_snr(abar_prev) - half_log_snr(state.abar)
        h_before = half_log_snr(state.abar) - half_log_snr(state.before.abar)
        state = replace(state, x0=state.x0 + h / (2 * h_before) * (state.x0 - state.before.x0))
    return ddim_mean(state, beta, abar_prev)


def direct_mean(state, beta, abar_prev):
    """For a network whose "image" is the next state itself."""
    return state.x0


def reverse(network, schedule, x, y, noise, guidance=Guidance(), sampler="ddpm", variance="small", eta=0.0, clip=True):
    """Walk from noise to images, one `State` a step; the last state's `x_prev` is the result.

    Args:
        network: (x_t, t, y) -> eps.
        x: (batch, channel, height, width), standard normal.
        y: (batch,) classes, or None.
        noise: index of the step -> noise shaped as `x`.
        sampler: "ddpm", with `variance` "small" or "large"; "ddim", with `eta` (0 is deterministic); "dpm", of second order and
            deterministic; or "direct", where the predicted image is the next state.
        clip: keep the predicted image in [-1, 1].
    """
    step_mean, sigmas = {
        "ddpm": lambda: (ddpm_mean, schedule.sigma(variance)),
        "ddim": lambda: (ddim_mean, eta * schedule.sigma("small")),
        "dpm": lambda: (dpm_mean, torch.zeros(len(schedule))),
        "direct": lambda: (direct_mean, torch.zeros(len(schedule))),
    }[sampler]()
    table = zip(
        *(v.tolist() for v in (schedule.timesteps, schedule.abar, schedule.abar_prev, schedule.betas, sigmas)), strict=True
    )
    before = None
    for index, (t, abar, abar_prev, beta, sigma) in reversed(list(enumerate(table))):
        timesteps = torch.full((len(x),), t, device=x.device)
        state = State(index=index, t=t, timesteps=timesteps, abar=abar, sigma=sigma, y=y, x_t=x, before=before)
        state.eps = guidance.predict(network, state)
        state.x0 = predict_x0(state, clip)
        state.eps = state.eps + guidance.eps(state)
        state.x0 = predict_x0(state, clip)
        state.shift = guidance.mean(state)
        state.mean = step_mean(state, beta, abar_prev) + state.shift
        x = state.x_prev = state.mean + sigma * noise(index) if index and sigma else state.mean
        yield state
        before = replace(state, before=None)


def is_finite(state):
    """Whether each sample is finite after a step, (batch,). Checks eps as well: a clipped x_0 hides an infinite eps."""
    return state.x_prev.flatten(1).isfinite().all(1) & state.eps.flatten(1).isfinite().all(1)


def sample_noise(numbers, shape, seed):
    """Where samples start, and index of a step -> its noise: functions of the seed, the sample's number and the step."""
    return normal(fold(seed, "start"), numbers, 0, shape), lambda index: normal(fold(seed, "steps"), numbers, index, shape)


def final_samples(states):
    """The result of a walk, and for each sample the index of the step where it ceased to be finite, or -1."""
    broken = None
    for state in states:
        whole = is_finite(state)
        broken = torch.full_like(whole, -1, dtype=torch.int64) if broken is None else broken
        broken = torch.where((broken < 0) & ~whole, state.index, broken)
    return state.x_prev, broken


def to_uint8(x):
    """[-1, 1] -> 0..255."""
    return ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
