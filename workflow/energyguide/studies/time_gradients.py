"""Gradients of time-dependent classifiers over the timesteps, and where they lead from clean images (Kawar et al. 2022)."""

from functools import partial

import torch

from energyguide.classifiers.attacks import L2, pgd
from energyguide.classifiers.gradients import classifier_gradient
from energyguide.data.noise import fold, normal


def time_gradients(classifiers, schedule, x, y, timesteps, eps, steps, seed):
    """Tensors by name: "labels", "targets", "images" and "x_t"; of each classifier "<name> gradients" and "<name> maximised".

    Args:
        classifiers: name -> (images in the scale of [-1, 1], timestep) -> logits.
        x: images (class, channel, height, width) in [0, 1], one of each class; `y` are their labels.
        eps: L2 radius on the scale of [0, 1], within which clean images are led to the next class in `steps` steps.
    """
    x0, targets = 2 * x - 1, y.roll(1)
    ball = L2(2 * eps)  # x0 is in the scale of [-1, 1]
    noise = normal(fold(seed, "forward"), torch.arange(len(y), device=x.device), 0, x0.shape[1:])
    noised = {t: schedule.add_noise(x0, torch.full_like(y, t), noise) for t in timesteps}
    arrays = {"labels": y, "targets": targets, "images": x0, "x_t": torch.stack(list(noised.values()))}
    for name, logits in classifiers.items():
        arrays[f"{name} gradients"] = torch.stack([classifier_gradient(logits, x_t, t, y) for t, x_t in noised.items()])
        arrays[f"{name} maximised"] = pgd(partial(logits, t=0), x0, targets, ball, steps, targeted=True, valid=(-1, 1))
    return arrays
