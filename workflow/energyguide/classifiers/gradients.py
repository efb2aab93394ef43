"""The gradient of log p(y | x) with respect to x."""

import torch

from energyguide.classifiers.energy import log_posterior


def classifier_gradient(logits, x, t, y):
    """Of a classifier, shaped as `x`; `logits` is a function of (x, t), as in `guidance.Models`."""
    with torch.enable_grad():
        z = x.detach().requires_grad_()
        return torch.autograd.grad(log_posterior(logits(z, t), y).sum(), z)[0]
