"""Gradients of log p(y | x) with respect to x, of classifiers and of joint diffusion models, and how they agree."""

import torch
import torch.nn.functional as F

from energyguide.energy import log_posterior


def classifier_gradient(logits, x, t, y):
    """Of a classifier, shaped as `x`; `logits` is a function of (x, t), as in `guidance.Models`."""
    with torch.enable_grad():
        z = x.detach().requires_grad_()
        return torch.autograd.grad(log_posterior(logits(z, t), y).sum(), z)[0]


def implicit_gradient(network, schedule, x_t, t, y, classes):
    """Of the implicit classifier: -(eps(x_t, y) - eps(x_t)) / sqrt(1 - abar_t) (Ho and Salimans 2022, sec. 3.2).

    Args:
        network: a joint diffusion model, (x_t, t, y) -> eps, to which class number `classes` means "no class".
        schedule: the full process; `t` is one of its timesteps.
    """
    times = torch.full_like(y, t)
    difference = network(x_t, times, y) - network(x_t, times, torch.full_like(y, classes))
    return -difference / (1 - schedule.abar[t].item()) ** 0.5


def alignment(first, second):
    """Cosine similarity, (batch,), of two gradients of the same images."""
    return F.cosine_similarity(first.flatten(1), second.flatten(1))


def implicit_errors(network, schedule, x0, t, noise, classes):
    """Squared error of the predicted noise, (batch, class), when each class in turn is said to be that of the image.

    Its mean over timesteps bounds -log p(x | c), up to weights and a constant (DDPM, eq. 14), so that the class with
    the least is what the implicit classifier p(c | x) ~ p(x | c) takes the image for.

    Args:
        x0: images (batch, channel, height, width) in [-1, 1].
        t: one timestep; `noise` is shaped as `x0`, and both are the same for all classes.
    """
    times = torch.full((len(x0),), t, device=x0.device)
    x_t = schedule.add_noise(x0, times, noise)
    predicted = (network(x_t, times, torch.full_like(times, k)) for k in range(classes))
    return torch.stack([(eps - noise).square().flatten(1).mean(1) for eps in predicted], dim=1)
