"""Square attack: random search without gradients (Andriushchenko et al. 2020), in the form that AutoAttack has.

A query changes the perturbation inside a square, and is kept if it brings the logit of the label closer to the next one.
The squares shrink as the search goes on. Each image has squares of its own.
"""

import torch
import torch.nn.functional as F

from energyguide.classifiers.apgd import choose
from energyguide.classifiers.attacks import L2, l2_norm
from energyguide.data.noise import uniform

SHARE = 0.8  # of the pixels that the first squares have
HALVED = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)  # queries after which squares have half as many


def side(query, ball, size):
    """Pixels along a square of a query, for images of `size` pixels; in L2 it is odd and at least 3."""
    share = SHARE / 2 ** sum(query > bound for bound in HALVED)
    pixels = max(round(size * share**0.5), 3 if isinstance(ball, L2) else 1)
    return min(pixels + (isinstance(ball, L2) and pixels % 2 == 0), size)


def pyramid(height, width, device):
    """Values (height, width) that fall from the centre outwards, in rectangles."""
    rows, columns = (torch.arange(n, device=device).sub(n // 2).abs() for n in (height, width))
    levels = 1 / torch.arange(1, max(height, width) // 2 + 2, device=device) ** 2
    return levels.flip(0).cumsum(0).flip(0)[torch.maximum(rows[:, None], columns)]


def bump(size, x):
    """A perturbation of a square, (size, size) of L2 length 1, where `x` is: a pyramid upwards beside one downwards."""
    sides = (size // 2, 1), (size - size // 2, -1)
    parts = [sign * pyramid(height, size, x.device) for height, sign in sides if height]
    both = torch.cat([part / part.norm() for part in parts])
    return (both / both.norm()).to(x.dtype)


def margin(model, z, y):
    """How far the logit of the label is above the highest other one, (batch,); misclassified where it is not."""
    logits = model(z)
    others = logits.scatter(1, y[:, None], -torch.inf)
    return logits.gather(1, y[:, None])[:, 0] - others.amax(1)


class Window:
    """A square in each image, of `size` pixels, with its upper left corner at `place`, (batch, 2) in [0, 1) of its range."""

    def __init__(self, place, size, x):
        corner = (place * (x.shape[-1] - size)).long()
        self.offsets = torch.arange(x.shape[-1], device=x.device) - corner[:, :, None]
        self.size, inside = size, (self.offsets >= 0) & (self.offsets < size)
        self.mask = (inside[:, 0, :, None] & inside[:, 1, None, :])[:, None].to(x.dtype)

    def filled(self, pattern, turned):
        """`pattern`, (size, size), in the squares, (batch, 1, height, width); where `turned`, (batch,), transposed."""
        rows, columns = self.offsets.clamp(0, self.size - 1).unbind(1)
        upright, lying = (p[rows[:, :, None], columns[:, None]][:, None] for p in (pattern, pattern.T))
        return choose(turned, lying, upright) * self.mask


def stripes(x, ball, random):
    """The first perturbation in Linf: every column up or down, in each channel."""
    return ball.eps * random((x.shape[1], 1, x.shape[3])).sub(0.5).sign().expand_as(x)


def tiles(x, ball, random):
    """The first perturbation in L2: bumps side by side, each up or down in each channel, upright or lying."""
    width = max(x.shape[-1] // 5, 1)
    count, pattern = x.shape[-1] // width, bump(width, x)
    signs, turned = random((x.shape[1] + 1, count, count)).sub(0.5).sign().split((x.shape[1], 1), 1)

    def spread(part):
        return part.repeat_interleave(width, 2).repeat_interleave(width, 3)

    upright, lying = (part.repeat(count, count) for part in (pattern, pattern.T))
    delta, rest = spread(signs) * torch.where(spread(turned) > 0, lying, upright), x.shape[-1] - count * width
    return ball.step(F.pad(delta, (rest // 2, rest - rest // 2) * 2), ball.eps)


def push(x, delta, ball, size, random):
    """The next perturbation in Linf: in a square, every pixel of a channel goes up or down as far as it can."""
    numbers = random((2 + x.shape[1],))
    signs = numbers[:, 2:, None, None].sub(0.5).sign()
    return ball.project(delta + 2 * ball.eps * signs * Window(numbers[:, :2], size, x).mask)


def exchange(x, delta, ball, size, random):
    """The next perturbation in L2: a bump is added in one square, with the length that another one gives up."""
    numbers = random((5 + x.shape[1],))
    signs, turned = numbers[:, 5:, None, None].sub(0.5).sign(), numbers[:, 4] > 0.5
    gains, gives = (Window(place, size, x) for place in (numbers[:, :2], numbers[:, 2:4]))
    old = delta * gains.mask
    new = gains.filled(bump(size, x), turned) * signs + old / channel_norm(old).clamp_min(1e-12)
    unused = (ball.eps**2 - l2_norm(delta) ** 2).clamp_min(0) / x.shape[1]
    free = unused + channel_norm(delta * torch.maximum(gains.mask, gives.mask)) ** 2
    new = new / channel_norm(new).clamp_min(1e-12) * free.sqrt()
    return ball.step(delta * (1 - torch.maximum(gains.mask, gives.mask)) + new, ball.eps)


def channel_norm(delta):
    """L2 length of each channel, (batch, channel, 1, 1)."""
    return delta.flatten(2).norm(dim=2)[:, :, None, None]


def square(model, x, y, ball, queries, samples, seed):
    """The images that the search ends at, as `x`; where an image was misclassified on the way, it is so there.

    A CPU leaves it out from then on, a GPU after a hundred queries, where it waits for how many are left.

    Args:
        model: images -> logits; frozen by the caller.
        x: (batch, channel, height, width) in [0, 1], as high as wide.
        y: (batch,) the labels to get away from.
        ball: an `L2` or a `Linf`.
        samples: (batch,) the numbers of the images: their noise depends on (`seed`, sample, query) alone.
    """
    first, other = (tiles, exchange) if isinstance(ball, L2) else (stripes, push)

    def random(part, query):
        return lambda shape: uniform(seed, samples[part], query, shape).to(x.dtype)

    with torch.no_grad():
        active = torch.arange(len(x), device=x.device)
        z = (x + first(x, ball, random(active, 0))).clamp(0, 1)
        least = margin(model, z, y)
        for query in range(1, queries + 1):
            if x.device.type == "cpu" or query % 100 == 0:
                (active,) = torch.where(least > 0)
                if not len(active):
                    break
            part, size = x[active], side(query - 1, ball, x.shape[-1])
            tried = (part + other(part, z[active] - part, ball, size, random(active, query))).clamp(0, 1)
            found = margin(model, tried, y[active])
            better = found < least[active]
            z[active] = choose(better, tried, z[active])
            least[active] = torch.where(better, found, least[active])
    return z
