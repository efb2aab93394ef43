"""Where guidance takes hold of a step of the reverse process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass
class State:
    """One step of the reverse process, from x_t to x_prev. Images are (batch, channel, height, width) in [-1, 1]."""

    index: int  # into the schedule: 0 is the last step
    t: float  # the timestep that the network is conditioned on
    timesteps: torch.Tensor  # the same, (batch,)
    abar: float
    sigma: float  # standard deviation of this step
    y: torch.Tensor | None  # (batch,) classes asked for
    x_t: torch.Tensor
    eps: torch.Tensor = None
    x0: torch.Tensor = None  # the image predicted from x_t
    shift: Any = 0  # what guidance adds to the mean
    mean: torch.Tensor = None
    x_prev: torch.Tensor = None
    before: State = None  # the step before this one, for solvers that look back; it has none itself


def predict_eps(network, state):
    return network(state.x_t, state.timesteps, state.y)


def no_shift(state):
    return 0


@dataclass(frozen=True)
class Guidance:
    """Where guidance takes hold of a step; by default nowhere.

    Attributes:
        predict: (network, State) -> eps.
        eps: State -> what is added to the predicted eps.
        mean: State -> what is added to the mean of x_prev.
        evaluations: network evaluations per step: (of the diffusion model, of the classifier).

    The sum of two acts on eps and on the mean with the sum of both; only one of them may replace the prediction.
    """

    predict: Callable = predict_eps
    eps: Callable = no_shift
    mean: Callable = no_shift
    evaluations: tuple = (1, 0)

    def __add__(self, other):
        """Raises ValueError if both replace the prediction."""
        if predict_eps not in (self.predict, other.predict):
            raise ValueError("two guidance functions that replace the prediction cannot be added")
        return Guidance(
            predict=other.predict if self.predict is predict_eps else self.predict,
            eps=lambda state: self.eps(state) + other.eps(state),
            mean=lambda state: self.mean(state) + other.mean(state),
            evaluations=(max(self.evaluations[0], other.evaluations[0]), self.evaluations[1] + other.evaluations[1]),
        )

    def only(self, acts):
        """The same at the timesteps t where `acts(t)`; at the others it takes hold nowhere."""

        def limited(hook, default):
            return hook if hook is default else lambda *given: (hook if acts(given[-1].t) else default)(*given)

        hooks = {"predict": predict_eps, "eps": no_shift, "mean": no_shift}
        return replace(self, **{name: limited(getattr(self, name), default) for name, default in hooks.items()})


@dataclass(frozen=True)
class Models:
    """What guidance may consult.

    Attributes:
        logits: (images in the scale of [-1, 1], timestep) -> (batch, class); classifiers of images ignore the timestep.
        class_energy: "E(x,y)" and "E(x)" -> (class,) its mean over the training images of each class, in nats.
        classes: number of classes, which is also the number of the class "no class".
        weak: a weaker version of the diffusion model, (x_t, t, y) -> eps.
    """

    logits: Callable = None
    class_energy: dict = None
    classes: int = None
    weak: Callable = None
