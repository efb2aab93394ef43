"""How likely images are under a diffusion model: draws of the variational bound, in bits per dimension."""

import torch

from energyguide.likelihood import bits, evenly
from energyguide.robustness import by_batch
from energyguide.seeding import fold, normal


def times(count, seed, draw):
    """(count,) numbers in [0, 1), one in each of as many equal parts, in an order that depends on (`seed`, `draw`)."""
    generator = torch.Generator().manual_seed(fold(seed, "times", draw))
    order = torch.randperm(count, generator=generator)
    return evenly(count, generator=generator)[order]


def estimates(bound, x, draws, seed):
    """Draws of a bound, each over all images.

    Args:
        bound: (x, t, eps, eps_0) -> the terms by name, (batch,), in nats an image, as `likelihood.bound`.
        x: images (n, channel, height, width) in [-1, 1].

    Returns:
        each term and "total" -> one mean for each draw; and "spread", the standard deviation of the diffusion term from one image
        and time to another, which says how good an estimator it is. All in bits per dimension.
    """
    found, single = [], []
    for draw in range(draws):
        t = times(len(x), seed, draw).to(x.device)

        def terms(samples, t=t, draw=draw):
            eps, eps_0 = (normal(fold(seed, name), samples, draw, x.shape[1:]) for name in ("diffusion", "reconstruction"))
            return {name: bits(term, x).cpu() for name, term in bound(x[samples], t[samples], eps, eps_0).items()}

        parts = list(by_batch(terms, x))
        whole = {name: torch.cat([part[name].expand(len(part["diffusion"])) for part in parts]) for name in parts[0]}
        found.append({name: term.mean().item() for name, term in whole.items()})
        single.append(whole["diffusion"])
    lists = {name: [draw[name] for draw in found] for name in found[0]}
    totals = [sum(draw.values()) for draw in found]
    return {**lists, "total": totals, "spread": torch.cat(single).std().item()}
