"""Adversarial attacks: projected gradient descent in a ball (Madry et al. 2018).

Radii have the scale of the images: eps = 0.5 is an L2 length of 0.5 on [0, 1] pixels, where images are in [0, 1].
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

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


@dataclass(frozen=True)
class Attack:
    """What an attack is of and how it moves; the arguments of `pgd`, and `size`, the length of a step."""

    model: Callable
    x: torch.Tensor
    y: torch.Tensor
    ball: Any
    size: float
    targeted: bool
    valid: tuple | None
    context: tuple
    exact: Callable | None

    def of(self, samples):
        """The attack on some of the images."""
        return replace(self, x=self.x[samples], y=self.y[samples], context=tuple(part[samples] for part in self.context))

    def clamp(self, z):
        return z.clamp(*self.valid) if self.valid else z

    def step(self, z):
        """From images `z` to the next, both as `x`; and the logits (batch, class) at `z`."""
        z = z.detach().requires_grad_()
        logits = self.model(z, *self.context)
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, self.y, reduction="sum"), z)
        z = z.detach()
        delta = self.ball.project(z + self.ball.step(gradient, -self.size if self.targeted else self.size) - self.x)
        return self.clamp(self.x + delta), logits.detach()

    def fooled(self, logits):
        """Which images are where the attack wants them, (batch,)."""
        return (logits.argmax(1) == self.y) == self.targeted

    def fooled_exactly(self, z):
        """The same by the exact model."""
        with torch.no_grad():
            return self.fooled(self.exact(z, *self.context))


def shrinking(attack, z, steps):
    """`steps` steps from `z`, each on the images that are not yet fooled, which the host asks the device for."""
    active = torch.arange(len(z), device=z.device)
    for _ in range(steps):
        rest = attack.of(active)
        following, logits = rest.step(z[active])
        fooled = rest.fooled(logits)
        if attack.exact and fooled.any():
            (claimed,) = torch.where(fooled)
            fooled[claimed] = rest.of(claimed).fooled_exactly(z[active[claimed]])
        (remaining,) = torch.where(~fooled)
        active = active[remaining]
        if not len(active):
            break
        z[active] = following[remaining]
    return z


def masked(attack, z, steps):
    """The same with all images at each step; those that are fooled stay as they are."""
    for _ in range(steps):
        following, logits = attack.step(z)
        fooled = attack.fooled(logits)
        if attack.exact:
            fooled = fooled & attack.fooled_exactly(z)
        z = torch.where(fooled.view(-1, *[1] * (z.ndim - 1)), z, following)
    return z


def pgd(model, x, y, ball, steps, start=None, targeted=False, stop_when_fooled=False, valid=(0.0, 1.0), context=(), exact=None):
    """Projected gradient descent on the cross-entropy, with steps of 2.5 eps / steps.

    With `stop_when_fooled`, a CPU goes on with the images that are not yet fooled, which saves their share of the work. On a
    GPU that would wait at each step for how many they are, and have another batch size each time: there every step takes the
    whole batch, at the full price of `steps` steps, and one more forward pass each where there is an `exact` model.

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
    if ball.eps == 0 or steps == 0:
        return x.clone()
    how = {"targeted": targeted, "valid": valid, "context": context, "exact": None if exact is model else exact}
    attack = Attack(model, x, y, ball, size=2.5 * ball.eps / steps, **how)
    z = attack.clamp(x if start is None else x + start).clone()
    if stop_when_fooled:
        return (shrinking if x.device.type == "cpu" else masked)(attack, z, steps)
    for _ in range(steps):
        z, _ = attack.step(z)
    return z
