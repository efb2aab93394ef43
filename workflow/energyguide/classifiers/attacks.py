"""Adversarial attacks: projected gradient descent in a ball (Madry et al. 2018).

Radii have the scale of the images: eps = 0.5 is an L2 length of 0.5 on [0, 1] pixels, where images are in [0, 1].
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F


def l2_norm(x):
    """L2 length of each sample, (batch, 1, ..., 1)."""
    return x.flatten(1).norm(dim=1).view(-1, *[1] * (x.ndim - 1))


@dataclass(frozen=True)
class L2:
    """The perturbations of L2 length at most `eps`."""

    eps: float

    def project(self, delta):
        return delta * (self.eps / l2_norm(delta).clamp_min(1e-12)).clamp_max(1)

    def step(self, gradient, size):
        """Steepest ascent of length `size`."""
        return gradient * (size / l2_norm(gradient).clamp_min(1e-12))

    def random_point(self, noise, radius):
        """A random point: direction of `noise` (batch, ...), at `radius` (batch,) in [0, 1] of the way out."""
        return self.step(noise, self.eps) * radius.view(-1, *[1] * (noise.ndim - 1))


@dataclass(frozen=True)
class Linf:
    """The perturbations that change no pixel by more than `eps`."""

    eps: float

    def project(self, delta):
        return delta.clamp(-self.eps, self.eps)

    def step(self, gradient, size):
        return gradient.sign() * size

    def random_point(self, noise, radius):
        """A random point of the cube: standard normal `noise` made uniform; `radius` is not needed."""
        return self.eps * torch.erf(noise / math.sqrt(2))


BALLS = {"l2": L2, "linf": Linf}


def pgd(model, x, y, ball, steps, start=None, targeted=False, stop_when_fooled=False, valid=(0.0, 1.0), context=(), exact=None):
    """Projected gradient descent on the cross-entropy, with steps of 2.5 eps / steps.

    Args:
        model: images, and the `context` of each -> logits; frozen by the caller.
        x: (batch, channel, height, width).
        y: (batch,) the labels to get away from, or to reach where `targeted`.
        ball: an `L2` or a `Linf`.
        start: a first perturbation, inside the ball; zero by default.
        stop_when_fooled: a sample is left alone as soon as its prediction is wrong (Kawar, Ganz and Elad 2022).
        valid: the range to which images are clamped; None for no clamp.
        context: tensors (batch, ...) that the model takes besides the images: the timesteps of a time-dependent classifier.
        exact: the exact model, if `model` is an approximation; it decides whether a sample is fooled.

    Returns:
        the attacked images, as `x`.
    """

    def clamp(z):
        return z.clamp(*valid) if valid else z

    def predict(network, z, samples):
        with torch.no_grad():
            return network(z, *(part[samples] for part in context)).argmax(1)

    if ball.eps == 0 or steps == 0:
        return x.clone()
    size = 2.5 * ball.eps / steps * (-1 if targeted else 1)
    attacked = clamp(x if start is None else x + start).clone()
    active = torch.arange(len(x), device=x.device)
    for _ in range(steps):
        z = attacked[active].requires_grad_()
        logits = model(z, *(part[active] for part in context))
        if stop_when_fooled:
            unfooled = (logits.argmax(1) == y[active]) != targeted
            if exact not in (None, model) and not unfooled.all():
                unfooled[~unfooled] = (predict(exact, z[~unfooled], active[~unfooled]) == y[active[~unfooled]]) != targeted
            (remaining,) = torch.where(unfooled)
        else:
            remaining = slice(None)
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, y[active], reduction="sum"), z)
        active, z, gradient = active[remaining], z.detach()[remaining], gradient[remaining]
        if not len(active):
            break
        attacked[active] = clamp(x[active] + ball.project(z + ball.step(gradient, size) - x[active]))
    return attacked
