"""The training loop of every network.

A run is a function of its seed: the batch and all randomness of a step are recomputed from the step's number, so
that a run can be cut anywhere, resumed, and end in the same weights.
"""

import math
import time
from functools import lru_cache, partial

import torch
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from energyguide.checkpoints import Checkpoints, stop_signals
from energyguide.memory import Parts, split
from energyguide.seeding import fold

RECORDS = 100  # points of the loss curve


def batch_indices(seed, step, batch, size):
    """(batch,) indices into a training set of `size`: batch number `step` of an endless row of permutations."""
    first, end = step * batch, (step + 1) * batch
    epochs = range(first // size, (end - 1) // size + 1)
    return torch.cat([permutation(seed, e, size)[max(first - e * size, 0) : end - e * size] for e in epochs])


@lru_cache(maxsize=2)
def permutation(seed, epoch, size):
    return torch.randperm(size, generator=torch.Generator().manual_seed(fold(seed, "epoch", epoch)))


def learning_rate(spec, step):
    """The rate at `step`: linear warm-up, then constant, cosine or linear to `lr_end`, or a tenth after each `milestones`."""
    warm = min(1.0, (step + 1) / spec["warmup"]) if spec["warmup"] else 1.0
    done = step / spec["steps"]
    start, end = spec["lr"], spec["lr_end"]
    rate = {
        "constant": lambda: start,
        "cosine": lambda: end + (start - end) * (1 + math.cos(math.pi * done)) / 2,
        "linear": lambda: start + (end - start) * done,
        "milestones": lambda: start * 0.1 ** sum(done >= m for m in spec["milestones"]),
    }[spec["lr_schedule"]]
    return warm * rate()


def optimizer(spec, parameters):
    if spec["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, lr=spec["lr"], momentum=0.9, weight_decay=spec["weight_decay"], fused=True)
    betas = tuple(spec.get("betas", (0.9, 0.999)))
    return torch.optim.AdamW(parameters, lr=spec["lr"], betas=betas, weight_decay=spec["weight_decay"], fused=True)


class Average(AveragedModel):
    """An exponential moving average whose half-life is given in images, shorter at the start of a run."""

    def __init__(self, model, half_life, batch):
        def average(averages, currents, count):
            seen = (count.item() + 1) * batch
            decay = 0.5 ** (batch / min(half_life, 0.1 * seen))
            torch._foreach_lerp_(averages, currents, 1 - decay)

        super().__init__(model, multi_avg_fn=average)


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


def train(objective, spec, images, labels, seed, store, name="the network", snapshots=()):
    """Train `objective.model`.

    Args:
        objective: has a `model`, a `batch(images, labels)` -> tensors, a `loss(*tensors)` -> scalar, the mean over the
            batch, and where `score_every` asks for it a `score()` -> float, the higher the better.
        spec: the `training` block of the configuration.
        images, labels: the training set, on the device.
        store: a `ResumeState`.
        name: what the progress bar, which is only drawn on a terminal, and errors call the network.
        snapshots: numbers of steps after which the weights are put aside, under that number, with `store.keep`.

    Returns:
        the weights to keep (the average where `ema_images` asks for one, else those of the best score), and the
        history for the sidecar.

    Raises:
        Interrupted: by SIGTERM or SIGINT, with the state saved.
        FloatingPointError: the loss, or weights to be kept, are not finite.
    """
    model, batch, steps = objective.model, spec["batch"], spec["steps"]
    parameters = [p for p in model.parameters() if p.requires_grad]
    update = optimizer(spec, parameters)
    average = Average(model, spec["ema_images"], batch) if spec["ema_images"] else None
    best, losses, scores, seconds, first = None, [], [], 0.0, 0
    total = torch.zeros((), device=images.device)

    state = store.begin()
    if state:
        first, best, losses, scores, seconds = (state[k] for k in ("step", "best", "losses", "scores", "seconds"))
        total.copy_(state["total"])
        model.load_state_dict(state["model"])
        update.load_state_dict(state["optimizer"])
        if average:
            average.load_state_dict(state["average"])
    began, record, parts = time.monotonic(), max(1, steps // RECORDS), Parts("training")

    def snapshot():
        return {
            "step": step + 1,
            "best": best,
            "losses": losses,
            "scores": scores,
            "seconds": seconds + time.monotonic() - began,
            "total": total,
            "model": model.state_dict(),
            "optimizer": update.state_dict(),
            "average": average.state_dict() if average else None,
        }

    model.train()
    with stop_signals() as stopping, tqdm(total=steps, initial=first, unit="step", desc=name, disable=None) as bar:
        checkpoints = Checkpoints(store, stopping)
        for step in range(first, steps):
            index = batch_indices(seed, step, batch, len(images)).to(images.device)
            for group in update.param_groups:
                group["lr"] = learning_rate(spec, step)
            loss = parts.run(partial(gradient, objective, images[index], labels[index], fold(seed, "step", step)), batch)
            if spec["clip"]:
                torch.nn.utils.clip_grad_norm_(parameters, spec["clip"])
            update.step()
            if average:
                average.update_parameters(model)
            total += loss
            if (step + 1) % record == 0 or step + 1 == steps:
                since = losses[-1][0] // batch if losses else 0
                losses.append([(step + 1) * batch, finite(total.item() / (step + 1 - since), name, step)])
                total.zero_()
                bar.set_postfix(loss=f"{losses[-1][1]:.4f}", refresh=False)
            if spec["score_every"] and ((step + 1) % spec["score_every"] == 0 or step + 1 == steps):
                scores.append([(step + 1) * batch, objective.score()])
                if scores[-1][1] >= max(s for _, s in scores):
                    best = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
            if step + 1 in snapshots:
                store.keep(step + 1, whole((average.module if average else model).state_dict(), name, step + 1))
            bar.update()
            checkpoints.offer(snapshot)
    if first < steps:
        store.save(snapshot())
    weights = average.module.state_dict() if average else best or model.state_dict()
    history = {
        "images_seen": steps * batch,
        "losses": losses,
        "scores": scores,
        "seconds": seconds + time.monotonic() - began,
        "attempts": store.attempts(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    return whole(weights, name, steps), history


REMEDY = "lower `lr`, or raise `warmup`, of its `training`"


def finite(loss, name, step):
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss of {name} is {loss} near step {step}; {REMEDY}")
    return loss


def whole(weights, name, step):
    """A state dict, all of which is finite: the last update may break what the last loss did not see."""
    if not all(tensor.isfinite().all() for tensor in weights.values()):
        raise FloatingPointError(f"the weights of {name} are not finite after step {step}; {REMEDY}")
    return weights
