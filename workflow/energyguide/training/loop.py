"""The training loop of every network.

A run is a function of its seed: the batch and all randomness of a step are recomputed from the step's number, so
that a run can be cut anywhere, resumed, and end in the same weights.
"""

import inspect
import math
import time
from contextlib import contextmanager
from functools import lru_cache, partial

import torch
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from energyguide.data.noise import fold
from energyguide.nets.device import sent
from energyguide.nets.memory import Parts, split

RECORDS = 100  # points of the loss curve
LOOK = 30  # seconds after which the loss is looked at in any case


def batch_indices(seed, step, batch, size, device="cpu"):
    """(batch,) indices into a training set of `size`: batch number `step` of an endless row of permutations."""
    first, end = step * batch, (step + 1) * batch
    epochs = range(first // size, (end - 1) // size + 1)
    return torch.cat([permutation(seed, e, size, device)[max(first - e * size, 0) : end - e * size] for e in epochs])


@lru_cache(maxsize=2)
def permutation(seed, epoch, size, device):
    """(size,), drawn on the CPU, where any machine draws the same, and sent to the device once an epoch."""
    return sent(torch.randperm(size, generator=torch.Generator().manual_seed(fold(seed, "epoch", epoch))), device)


def learning_rate(spec, step):
    """The rate at `step`: linear warm-up to `lr`, and from there constant, cosine or linear to `lr_end`.

    Or a tenth after each of `milestones`, which are shares of the whole run, the warm-up included.
    """
    steps, warmup, start, end = spec["steps"], spec["warmup"], spec["lr"], spec["lr_end"]
    warm = min(1.0, (step + 1) / warmup) if warmup else 1.0
    done = max(0, step - warmup) / (steps - warmup)
    rate = {
        "constant": lambda: start,
        "cosine": lambda: end + (start - end) * (1 + math.cos(math.pi * done)) / 2,
        "linear": lambda: start + (end - start) * done,
        "milestones": lambda: start * 0.1 ** sum(step / steps >= m for m in spec["milestones"]),
    }[spec["lr_schedule"]]
    return warm * rate()


def plain(kind):
    """A class of torch's optimizers, without what keeps the compiler away from it: that would import the compiler, in 4 s."""
    names = ("add_param_group", "state_dict", "load_state_dict", "zero_grad")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in names}
    return type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(inspect.unwrap(kind.step))})


AdamW, SGD = plain(torch.optim.AdamW), plain(torch.optim.SGD)


def optimizer(spec, parameters):
    """The optimizer that a `training` block asks for."""
    if spec["optimizer"] == "sgd":
        return SGD(parameters, lr=spec["lr"], momentum=0.9, weight_decay=spec["weight_decay"], fused=True)
    betas = tuple(spec.get("betas", (0.9, 0.999)))
    return AdamW(parameters, lr=spec["lr"], betas=betas, weight_decay=spec["weight_decay"], fused=True)


class Average(AveragedModel):
    """An exponential moving average whose half-life is given in images, shorter at the start of a run.

    Torch's own update would read its count from the device, and so wait for it at each step; here the count stays on the host.
    """

    def __init__(self, model, half_life, batch):
        super().__init__(model)
        self.half_life, self.batch = half_life, batch

    @torch.no_grad()
    def update_parameters(self, model):
        seen = (self.n_averaged.item() + 1) * self.batch
        decay = 0.5 ** (self.batch / min(self.half_life, 0.1 * seen)) if self.n_averaged else 0.0
        torch._foreach_lerp_(list(self.module.parameters()), list(model.parameters()), 1 - decay)
        for ours, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
            ours.copy_(theirs)
        self.n_averaged += 1


def gradient(objective, images, labels, seed, parts):
    """The mean loss of a batch; leaves its gradient in the parameters. In several parts it is the same sum, in less memory.

    Raises ValueError for several parts of a network with batch norm, which are not the same.
    """
    if parts > 1 and any(isinstance(module, torch.nn.BatchNorm2d) for module in objective.model.modules()):
        raise ValueError("out of memory, and batch norm needs the batch as a whole; lower `batch` of this network's `training`")
    objective.model.zero_grad()
    torch.manual_seed(seed)
    tensors, total = objective.batch(images, labels), 0.0
    for piece in split(range(len(images)), parts):
        loss = objective.loss(*(tensor if tensor is None else tensor[piece.start : piece.stop] for tensor in tensors))
        loss = loss * (len(piece) / len(images))
        loss.backward()
        total = total + loss.detach()
    return total


class Unsaved:
    """A store that keeps nothing, for a training in a notebook; `run.resume.ResumeState` is one that does."""

    @contextmanager
    def attempt(self):
        """Yields the state that an earlier attempt saved, or None."""
        yield None

    def offer(self, state):
        """Save `state()` if it is time to."""

    def save(self, state):
        """Save a state."""

    def set_aside(self, name, weights):
        """Put a state dict aside, under this name, until the results are written."""

    def attempts(self):
        """How often the training was begun."""
        return 1


class Training:
    """The state of a training, and how it advances by one step.

    Attributes:
        total: sum of the losses since the last point of the loss curve, (), on the device.
        losses, scores: [images seen, value] of the loss curve, and of each score.
        best: the weights of the best score; None if there is none.
    """

    def __init__(self, objective, spec, images, labels, seed, name):
        self.objective, self.spec, self.images, self.labels, self.seed, self.name = objective, spec, images, labels, seed, name
        self.model, self.batch, self.steps = objective.model, spec["batch"], spec["steps"]
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.update = optimizer(spec, self.parameters)
        self.average = Average(self.model, spec["ema_images"], self.batch) if spec["ema_images"] else None
        self.step, self.best, self.losses, self.scores, self.seconds = 0, None, [], [], 0.0
        self.total, self.parts, self.began = torch.zeros((), device=images.device), Parts("training"), time.monotonic()

    def elapsed(self):
        """Seconds over all attempts."""
        return self.seconds + time.monotonic() - self.began

    def state(self):
        return {
            **{key: getattr(self, key) for key in ("step", "best", "losses", "scores", "total")},
            "seconds": self.elapsed(),
            "model": self.model.state_dict(),
            "optimizer": self.update.state_dict(),
            "average": self.average.state_dict() if self.average else None,
        }

    def restore(self, state):
        for key in ("step", "best", "losses", "scores", "seconds"):
            setattr(self, key, state[key])
        self.total.copy_(state["total"])
        self.model.load_state_dict(state["model"])
        self.update.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])

    def advance(self):
        """One step."""
        index = batch_indices(self.seed, self.step, self.batch, len(self.images), self.images.device)
        for group in self.update.param_groups:
            group["lr"] = learning_rate(self.spec, self.step)
        x, y, seed = self.images[index], self.labels[index], fold(self.seed, "step", self.step)
        loss = self.parts.run(partial(gradient, self.objective, x, y, seed), self.batch)
        if self.spec["clip"]:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.spec["clip"])
        self.update.step()
        if self.average:
            self.average.update_parameters(self.model)
        self.total += loss
        self.step += 1

    def due(self, every):
        return self.step % every == 0 or self.step == self.steps

    def mean_loss(self):
        """The mean loss since the last point of the loss curve. Raises FloatingPointError if it is not finite."""
        since = self.losses[-1][0] // self.batch if self.losses else 0
        return finite(self.total.item() / (self.step - since), self.name, self.step - 1)

    def record_loss(self):
        """Add the mean loss since the last point to the loss curve, and return it."""
        loss = self.mean_loss()
        self.losses.append([self.step * self.batch, loss])
        self.total.zero_()
        return loss

    def score(self):
        """Score the weights, and keep them if none are better."""
        self.scores.append([self.step * self.batch, self.objective.score()])
        if self.scores[-1][1] >= max(score for _, score in self.scores):
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}

    def averaged(self):
        """The state dict of the average if there is one, else of the model."""
        return (self.average.module if self.average else self.model).state_dict()


def train(objective, spec, images, labels, seed, store=None, name="the network", snapshots=()):
    """Train `objective.model`.

    Args:
        objective: has a `model`, a `batch(images, labels)` -> tensors, a `loss(*tensors)` -> scalar, the mean over the
            batch, and where `score_every` asks for it a `score()` -> float, higher is better.
        spec: the `training` block of the configuration.
        images, labels: the training set, on the device.
        store: the store of the training's state, such as a `run.resume.ResumeState`; by default nowhere.
        name: what the progress bar, which a job's log has a line of every half minute, and errors call the network.
        snapshots: numbers of steps after which the weights are put aside, under that number, with `store.keep`.

    Returns:
        the weights to keep (the average if `ema_images` asks for one, else the weights of the best score), and the
        history for the sidecar.

    Raises:
        run.resume.Interrupted: by SIGTERM or SIGINT, with the state saved.
        FloatingPointError: the loss, or weights to be kept, are not finite.
    """
    training, store = Training(objective, spec, images, labels, seed, name), store or Unsaved()
    every = max(1, training.steps // RECORDS)
    with store.attempt() as state:
        if state:
            training.restore(state)
        first = training.step
        training.model.train()
        looked = time.monotonic()
        with tqdm(total=training.steps, initial=first, unit="step", desc=name, disable=None) as bar:
            while training.step < training.steps:
                training.advance()
                recorded = training.due(every)
                if recorded or time.monotonic() - looked >= LOOK:
                    loss, looked = training.record_loss() if recorded else training.mean_loss(), time.monotonic()
                    speed = training.step * training.batch / training.elapsed()
                    bar.set_postfix(loss=f"{loss:.4f}", images=f"{speed:.0f}/s", refresh=False)
                if spec["score_every"] and training.due(spec["score_every"]):
                    training.score()
                if training.step in snapshots:
                    store.set_aside(training.step, whole(training.averaged(), name, training.step))
                bar.update()
                store.offer(training.state)
        if first < training.steps:
            store.save(training.state())
    weights = training.averaged() if training.average else training.best or training.averaged()
    history = {
        "images_seen": training.steps * training.batch,
        "losses": training.losses,
        "scores": training.scores,
        "seconds": training.elapsed(),
        "attempts": store.attempts(),
        "parameters": sum(p.numel() for p in training.parameters),
    }
    return whole(weights, name, training.steps), history


def finite(loss, name, step):
    if not math.isfinite(loss):
        what = f"the loss of {name} is {loss} near step {step}"
        raise FloatingPointError(f"{what}; lower `lr`, or raise `warmup`, of its `training`")
    return loss


def whole(weights, name, step):
    """A state dict, all of which is finite: the last update may break what the last loss did not see."""
    if not all(tensor.isfinite().all() for tensor in weights.values()):
        what = f"the weights of {name} are not finite after step {step}"
        raise FloatingPointError(f"{what}; lower `lr`, or raise `warmup`, of its `training`")
    return weights
