"""The classifier that a joint diffusion model implies."""

import torch
import torch.nn.functional as F

from energyguide.classifiers.gradients import classifier_gradient
from energyguide.data.noise import fold, normal


def implicit_gradient(network, schedule, x_t, t, y, classes):
    """Of the implicit classifier: -(eps(x_t, y) - eps(x_t)) / sqrt(1 - abar_t) (Ho and Salimans 2022, sec. 3.2).

    Args:
        network: a joint diffusion model, (x_t, t, y) -> eps, to which class number `classes` means "no class".
        schedule: the full process; `t` is one of its timesteps.
    """
    times = torch.full_like(y, t)
    difference = network(x_t, times, y) - network(x_t, times, torch.full_like(y, classes))
    return -difference / (1 - schedule.abar[t].item()) ** 0.5


def alignment(first, second):
    """Cosine similarity, (batch,), of two gradients of the same images."""
    return F.cosine_similarity(first.flatten(1), second.flatten(1))


def implicit_errors(network, schedule, x0, t, noise, classes):
    """Squared error of the predicted noise, (batch, class), given each class in turn.

    Its mean over timesteps bounds -log p(x | c), up to weights and a constant (DDPM, eq. 14), so that the class with
    the lowest error is the prediction of the implicit classifier p(c | x) ~ p(x | c).

    Args:
        x0: images (batch, channel, height, width) in [-1, 1].
        t: one timestep; `noise` is shaped as `x0`, and both are the same for all classes.
    """
    times = torch.full((len(x0),), t, device=x0.device)
    x_t = schedule.add_noise(x0, times, noise)
    predicted = (network(x_t, times, torch.full_like(times, k)) for k in range(classes))
    return torch.stack([(eps - noise).square().flatten(1).mean(1) for eps in predicted], dim=1)


def some_images(x, y, count, seed):
    """`count` of some images and their labels, chosen at random."""
    chosen = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))[:count].to(x.device)
    return x[chosen], y[chosen]


def compare(network, schedule, classifiers, x, y, classes, timesteps, seed):
    """The implicit classifier's accuracy, and how its gradient agrees with those of classifiers, ready for JSON.

    Args:
        network: a joint diffusion model; `schedule` is the full process.
        classifiers: name -> (images in the scale of [-1, 1], timestep) -> logits.
        x: images (n, channel, height, width) in [0, 1], `y` (n,) their labels.
        timesteps: at which the implicit classifier looks, once each.
    """
    x0, samples, total = 2 * x - 1, torch.arange(len(x), device=x.device), torch.zeros(len(x), classes, device=x.device)

    def right(scores):
        return (scores.argmax(1) == y).float().mean().item()

    by_timestep, aligned = {}, {name: {} for name in classifiers}
    with torch.no_grad():
        clean = {name: right(logits(x0, 0)) for name, logits in classifiers.items()}
        for t in timesteps:
            noise = normal(fold(seed, "implicit"), samples, t, x0.shape[1:])
            errors = implicit_errors(network, schedule, x0, t, noise, classes)
            total += errors
            by_timestep[t] = right(-errors)
            x_t = schedule.add_noise(x0, torch.full_like(y, t), noise)
            own = implicit_gradient(network, schedule, x_t, t, y, classes)
            for name, logits in classifiers.items():
                aligned[name][t] = alignment(own, classifier_gradient(logits, x_t, t, y)).mean().item()
    return {"accuracy": {"by_timestep": by_timestep, "all": right(-total), "classifiers": clean}, "alignment": aligned}
