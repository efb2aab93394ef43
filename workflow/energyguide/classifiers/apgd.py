"""Auto-PGD: gradient ascent in a ball that chooses its own steps (Croce and Hein 2020, algorithm 1).

A step has momentum, and a length of its own for each image, which starts at 2 eps. At a checkpoint it is halved if too few
steps since the last one raised the loss, or if the best loss stayed as it was; the image then goes back to where that was.
"""

from dataclasses import dataclass
from itertools import accumulate

import torch
import torch.nn.functional as F

ALPHA = 0.75  # weight of the step, beside that of the momentum
RHO = 0.75  # share of the steps between two checkpoints that must raise the loss


def cross_entropy(logits, y, target):
    """-log p(y | x), (batch,); the target is not needed."""
    return F.cross_entropy(logits, y, reduction="none")


def targeted_dlr(logits, y, target):
    """Targeted difference of logits ratio, (batch,): (F_t - F_y) / (F_1st - (F_3rd + F_4th) / 2) (Croce and Hein, section 4).

    It needs four classes; with fewer it is the difference alone.
    """
    margin = (logits.gather(1, target[:, None]) - logits.gather(1, y[:, None]))[:, 0]
    if logits.shape[1] < 4:
        return margin
    first, _, third, fourth = logits.topk(4, dim=1).values.unbind(1)
    return margin / (first - (third + fourth) / 2 + 1e-12)


def checkpoints(steps):
    """The steps after which lengths are looked at: 22 % of all, and then at intervals that shorten by 3 % down to 6 %."""
    first, less, least = (max(int(share * steps), 1) for share in (0.22, 0.03, 0.06))
    intervals = [max(first - k * less, least) for k in range(steps)]
    return [step for step in accumulate(intervals) if step <= steps]


def choose(samples, a, b):
    """Images of `a` where `samples`, (batch,), says so, and of `b` elsewhere."""
    return torch.where(samples.view(-1, *[1] * (a.ndim - 1)), a, b)


@dataclass
class Ascent:
    """Images on their way up, each tensor (batch, ...).

    Attributes:
        number: which of the images that are attacked it is.
        z, previous: the last two points.
        gradient, loss: at `z`.
        best, best_gradient, best_loss: the point of highest loss, and the same there.
        size: length of a step, (batch, 1, 1, 1).
        rises: how many steps since the last checkpoint raised the loss.
        halved, before: whether the last checkpoint halved the length, and the highest loss by then.
    """

    number: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor
    target: torch.Tensor
    z: torch.Tensor
    previous: torch.Tensor
    gradient: torch.Tensor
    loss: torch.Tensor
    best: torch.Tensor
    best_gradient: torch.Tensor
    best_loss: torch.Tensor
    size: torch.Tensor
    rises: torch.Tensor
    halved: torch.Tensor
    before: torch.Tensor

    @classmethod
    def begin(cls, labels, z, gradient, loss, eps):
        """At `z`; `labels` are number, x, y and target."""
        size, rises = torch.full_like(z[:, :1, :1, :1], 2 * eps), torch.zeros_like(loss)
        best = {"best": z, "best_gradient": gradient, "best_loss": loss}
        checked = {"rises": rises, "halved": torch.ones_like(loss, dtype=torch.bool), "before": loss}
        return cls(*labels, z=z, previous=z, gradient=gradient, loss=loss, size=size, **best, **checked)

    def of(self, samples):
        """The same of some of the images."""
        return Ascent(**{key: value[samples] for key, value in vars(self).items()})

    def next_point(self, ball, alpha):
        """From `z` by gradient ascent, and by momentum beside it, both kept in the ball and in [0, 1]."""

        def project(z):
            return (self.x + ball.project(z - self.x)).clamp(0, 1)

        ascended = project(self.z + ball.step(self.gradient, self.size))
        return project(self.z + alpha * (ascended - self.z) + (1 - alpha) * (self.z - self.previous))

    def move(self, z, gradient, loss):
        """Be at `z`, where gradient and loss are these."""
        self.rises = self.rises + (loss > self.loss)
        self.previous, self.z, self.gradient, self.loss = self.z, z, gradient, loss
        better = loss > self.best_loss
        self.best, self.best_gradient = choose(better, z, self.best), choose(better, gradient, self.best_gradient)
        self.best_loss = torch.where(better, loss, self.best_loss)

    def check(self, interval):
        """Halve the lengths of steps that lead nowhere, and go on from the best point."""
        halve = (self.rises <= RHO * interval) | (~self.halved & (self.best_loss <= self.before))
        self.size = choose(halve, self.size / 2, self.size)
        self.z, self.gradient = choose(halve, self.best, self.z), choose(halve, self.best_gradient, self.gradient)
        self.halved, self.before, self.rises = halve, self.best_loss, torch.zeros_like(self.rises)


def apgd(model, x, y, ball, steps, loss, start, target=None):
    """The images of highest loss that Auto-PGD finds; where an image was misclassified on the way, it stays.

    A CPU leaves it out from then on, a GPU from the next checkpoint on, where it waits for how many are left.

    Args:
        model: images -> logits; frozen by the caller.
        x: (batch, channel, height, width) in [0, 1].
        y: (batch,) the labels to get away from.
        ball: an `L2` or a `Linf`, of positive radius.
        loss: (logits, labels, targets) -> (batch,), to be raised: `cross_entropy` or `targeted_dlr`.
        start: a first perturbation, inside the ball.
        target: (batch,) the classes to go to, of a targeted loss.

    Returns:
        the attacked images, as `x`.
    """

    def evaluate(z, y, target):
        z = z.detach().requires_grad_()
        logits = model(z)
        losses = loss(logits, y, target)
        (gradient,) = torch.autograd.grad(losses.sum(), z)
        return gradient, losses.detach(), logits.detach().argmax(1) != y

    labels = torch.arange(len(y), device=y.device), x, y, y if target is None else target
    z = (x + start).clamp(0, 1)
    gradient, value, fooled = evaluate(z, *labels[2:])
    walk, result, looks, last = Ascent.begin(labels, z, gradient, value, ball.eps), z, checkpoints(steps), 0
    for step in range(1, steps + 1):
        if x.device.type == "cpu" or last == step - 1 > 0:
            (left,) = torch.where(~fooled)
            walk, fooled = walk.of(left), fooled[left]
            if not len(left):
                break
        z = walk.next_point(ball, ALPHA if step > 1 else 1.0)
        gradient, value, now = evaluate(z, walk.y, walk.target)
        walk.move(z, gradient, value)
        reached = choose(fooled, result[walk.number], choose(now, z, walk.best))
        result, fooled = result.index_copy(0, walk.number, reached), fooled | now
        if step in looks:
            walk.check(step - last)
            last = step
    return result
