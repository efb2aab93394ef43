"""Denoising diffusion GANs (Xiao, Kreis and Vahdat 2022): few steps, and a latent at each."""

from functools import partial

import torch

from energyguide.data.noise import fold, normal
from energyguide.diffusion.denoiser import Denoiser
from energyguide.diffusion.hooks import Guidance
from energyguide.diffusion.samplers import final_samples, reverse, sample_noise
from energyguide.diffusion.schedule import schedule_of
from energyguide.nets import weights
from energyguide.nets.device import accelerated


def load(path, process, device, acceleration=None):
    """The `Denoiser` whose weights are at `path`."""
    model = weights.load(path, device)
    return with_latents(accelerated(model, device, acceleration, fixed=True), model.latent, process)


def with_latents(generator, latent, process):
    """The `Denoiser` of a generator, (x_t, t, z) -> x_0, whose latents z have this length; 0 for no latents."""
    return Denoiser(generator, partial(schedule_of, process), guidance=partial(of_generator, latent))


def of_generator(latent, numbers, seed):
    """`Guidance` for a generator, (x_t, t, z) -> x_0: at each step it draws z, of length `latent`, and reads the noise off x_0.

    Without a length z is None.
    """

    def predict(network, state):
        z = normal(fold(seed, "latent"), numbers, state.index, (latent,)) if latent else None
        x0 = network(state.x_t, state.timesteps, z)
        return (state.x_t - state.abar**0.5 * x0) / (1 - state.abar) ** 0.5

    return Guidance(predict=predict)


def generate(generator, latent, schedule, numbers, shape, seed):
    """(sample, channel, height, width), what a generator makes of noise by the steps of a `Schedule`.

    Args:
        latent: length of its latents.
        numbers: (sample,) of the samples; `shape` is that of each.
    """
    start, noise = sample_noise(numbers, shape, seed)
    with torch.no_grad():
        states = reverse(generator, schedule, start, None, noise, of_generator(latent, numbers, seed), clip=False)
        return final_samples(states)[0]
