"""Accuracy under an ensemble of attacks: AutoAttack (Croce and Hein 2020), whole or in part.

An image counts as right if it is so after every attack. The attacks follow one another on the images that are still right,
a targeted one once for each target: the likeliest other class, then the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from energyguide.classifiers.apgd import apgd, cross_entropy, targeted_dlr
from energyguide.classifiers.fab import fab
from energyguide.classifiers.square import square
from energyguide.data.noise import fold, normal
from energyguide.nets.passes import by_batch, frozen


@dataclass(frozen=True)
class Attacked:
    """What an attack is of: a frozen `model` (images -> logits), images `x` of labels `y` with numbers `samples`, a `ball`.

    `seed` and the number of an image decide all that is random in its attack.
    """

    model: Callable
    x: torch.Tensor
    y: torch.Tensor
    samples: torch.Tensor
    ball: Any
    seed: int

    def start(self, *what):
        """A random perturbation, which in L2 is as long as the radius of the ball."""
        noise = normal(fold(self.seed, *what), self.samples, 0, self.x.shape[1:])
        return self.ball.random_point(noise, torch.ones_like(noise[:, 0, 0, 0]))

    def target(self, rank):
        """The class of each image that is the `rank`-th likeliest; 0 is the likeliest of all."""
        with torch.no_grad():
            return self.model(self.x).argsort(1, descending=True)[:, rank]


def apgd_ce(of, spec):
    return apgd(of.model, of.x, of.y, of.ball, spec["steps"], cross_entropy, of.start("apgd-ce"))


def apgd_t(of, spec, rank):
    start = of.start("apgd-t", rank)
    return apgd(of.model, of.x, of.y, of.ball, spec["steps"], targeted_dlr, start, of.target(rank))


def fab_t(of, spec, rank):
    return fab(of.model, of.x, of.y, of.ball, spec["steps"], of.target(rank))


def square_attack(of, spec):
    return square(of.model, of.x, of.y, of.ball, spec["queries"], of.samples, fold(of.seed, "square"))


ATTACKS = {"apgd-ce": apgd_ce, "square": square_attack}
TARGETED = {"apgd-t": apgd_t, "fab-t": fab_t}
STANDARD = {"attacks": ["apgd-ce", "apgd-t", "fab-t", "square"], "steps": 100, "targets": 9, "queries": 5000}


def title(spec):
    """What the ensemble is called: AutoAttack if it is that at its full strength, or by its parts."""
    whole = all(spec[key] == value for key, value in STANDARD.items())
    *names, last = (name.upper() if "-" in name else name.title() for name in spec["attacks"])
    return "AutoAttack" if whole else f"{', '.join(names)} and {last}" if names else last


def runs(spec, classes):
    """The attacks in order, each a function of `Attacked`; a targeted one once for each target."""
    for name in spec["attacks"]:
        if name in ATTACKS:
            yield partial(ATTACKS[name], spec=spec)
        else:
            ranks = range(1, min(spec["targets"], classes - 1) + 1)
            yield from (partial(TARGETED[name], spec=spec, rank=rank) for rank in ranks)


def spread(n, count):
    """The numbers of `count` of `n` images, evenly spread, as sorted ones need; of all, if there are fewer."""
    count = min(n, count)
    return torch.arange(count) * n // count


def worst_case(model, x, y, ball, spec, seed):
    """Share of images that `model` gets right after every attack.

    Args:
        model: a network, images (batch, channel, height, width) in [0, 1] -> logits.
        ball: an `L2` or a `Linf`, of positive radius.
        spec: `attacks`, by name, and their `steps`, `targets` and `queries`.
    """

    def still_right(samples, images):
        with torch.no_grad():
            logits = model(images)
        return samples[logits.argmax(1) == y[samples]], logits.shape[1]

    def right(samples):
        left, classes = still_right(samples, x[samples])
        for attack in runs(spec, classes):
            if not len(left):
                break
            left, _ = still_right(left, attack(Attacked(model, x[left], y[left], left, ball, seed)))
        return len(left)

    with frozen(model):
        return sum(by_batch(right, x)) / len(x)
