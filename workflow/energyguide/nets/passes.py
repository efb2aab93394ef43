"""Passes of a frozen network over many images, batch by batch."""

from contextlib import contextmanager

import torch
from tqdm import tqdm

from energyguide.nets.memory import Parts


@contextmanager
def frozen(model):
    """Evaluation mode without parameter gradients; everything is put back on leaving."""
    training = model.training
    wanted = [p.requires_grad for p in model.parameters()]
    model.eval().requires_grad_(False)
    try:
        yield model
    finally:
        model.train(training)
        for p, flag in zip(model.parameters(), wanted, strict=True):
            p.requires_grad_(flag)


BATCH = 500


def by_batch(function, x):
    """`function` of the numbers of the samples in `x`, batch by batch and as memory allows; with a progress bar."""
    parts, samples = Parts("measuring"), torch.arange(len(x), device=x.device)
    for batch in tqdm(samples.split(BATCH), unit="batch", leave=False, disable=None):
        yield from parts.map(function, batch)


def logits(model, x):
    """Logits (n, class) of all images, on the CPU."""
    with frozen(model), torch.no_grad():
        return torch.cat(list(by_batch(lambda samples: model(x[samples]).cpu(), x)))
