"""Targeted FAB, fast adaptive boundary: the smallest perturbation that changes the class (Croce and Hein 2019).

At each step the boundary between the label and the target is taken for a hyperplane. The image moves to where that is nearest,
and a little to where it is nearest to the original image; from beyond the boundary it goes back a part of the way.
"""

import torch

from energyguide.classifiers.apgd import choose
from energyguide.classifiers.attacks import L2, l2_norm

ALPHA = 0.1  # the most that a step is drawn to the original image
ETA = 1.05  # how far beyond the hyperplane it goes
BETA = 0.9  # the part of a perturbation that is kept beyond the boundary
FAR = 1e12


def length(ball, delta):
    """Length of each perturbation in the norm of the ball, (batch, 1, ..., 1)."""
    return l2_norm(delta) if isinstance(ball, L2) else delta.abs().flatten(1).amax(1).view(-1, *[1] * (delta.ndim - 1))


def to_hyperplane(ball, z, w, b):
    """The shortest `delta` with w (z + delta) = b and z + delta in [0, 1]; if there is none, the one that comes nearest.

    All pixels move at once, in L2 at speeds |w| and in Linf at equal ones, each until it is at the end of its range. What
    w (z + delta) gains by then is concave in the time, a line between one such arrival and the next; of these lines, the one
    that is the last to gain what is needed tells the time.

    Args:
        z, w: (batch, pixel), images in [0, 1] and normals.
        b: (batch,).
    """
    need = b - (w * z).sum(1)
    direction = need.sign()[:, None] * w
    room = torch.where(direction > 0, 1 - z, z)
    speed = w.abs() if isinstance(ball, L2) else (w != 0).to(z.dtype)
    order = torch.where(speed > 0, room / speed, FAR).argsort(1)
    arrived, rate = ((w.abs() * part).gather(1, order) for part in (room, speed))
    still = rate.flip(1).cumsum(1).flip(1)  # of the pixels that arrive at this time, or later
    when = (need.abs()[:, None] - (arrived.cumsum(1) - arrived)) / still.clamp_min(1 / FAR)
    return direction.sign() * torch.minimum(when.amax(1, keepdim=True).clamp(0, FAR) * speed, room)


def fab(model, x, y, ball, steps, target):
    """The nearest image of another class that is found from each image; the image itself if none is in the ball.

    Args:
        model: images -> logits; frozen by the caller.
        x: (batch, channel, height, width) in [0, 1], which the model takes for `y`.
        y, target: (batch,) the labels, and the classes whose boundaries with them are approached.
        ball: an `L2` or a `Linf`.

    Returns:
        the attacked images, as `x`.
    """

    def margin(z):
        z = z.detach().requires_grad_()
        logits = model(z)
        difference = (logits.gather(1, target[:, None]) - logits.gather(1, y[:, None]))[:, 0]
        return difference.detach(), torch.autograd.grad(difference.sum(), z)[0]

    def beyond(z):
        with torch.no_grad():
            return model(z).argmax(1) != y

    z, result, nearest = x, x, torch.full_like(x[:, :1, :1, :1], ball.eps)
    for _ in range(steps):
        difference, gradient = margin(z)
        w = gradient.flatten(1)
        b = (w * z.flatten(1)).sum(1) - difference
        here, there = (to_hyperplane(ball, p.flatten(1), w, b).view_as(x) for p in (z, x))
        near, far = (length(ball, delta).clamp_min(1e-8) for delta in (here, there))
        alpha = (near / (near + far)).clamp_max(ALPHA)
        z = ((1 - alpha) * (z + ETA * here) + alpha * (x + ETA * there)).clamp(0, 1)
        crossed, distance = beyond(z), length(ball, z - x)
        better = crossed & (distance <= nearest).flatten()
        result, nearest = choose(better, z, result), choose(better, distance, nearest)
        z = choose(crossed, x + BETA * (z - x), z)
    return result
