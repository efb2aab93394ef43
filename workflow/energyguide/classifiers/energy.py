"""Energies of a classifier with logits F(x)[k] (Grathwohl et al. 2020, JEM; the thesis' section on energies).

All take logits (batch, class), labels (batch,) and give (batch,), in nats.
"""


def energy(logits):
    """E(x) = -logsumexp_k F(x)[k] = -log p(x) + const."""
    return -logits.logsumexp(dim=1)


def joint_energy(logits, y):
    """E(x, y) = -F(x)[y] = -log p(x, y) + const."""
    return -logits.gather(1, y[:, None])[:, 0]


def log_posterior(logits, y):
    """log p(y | x) = E(x) - E(x, y)."""
    return energy(logits) - joint_energy(logits, y)


def delta_energy(logits, y, class_energy):
    """dE(x) = | E(x*)[y] - E(x) |, with `class_energy` (class,) the target E(x*)[y] of each class, from the training set."""
    return (class_energy[y] - energy(logits)).abs()
