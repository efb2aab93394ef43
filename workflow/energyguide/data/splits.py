"""How the original training set is split in two."""

import numpy as np

from energyguide.data.dataset import Dataset


def held_out(count, fraction):
    """How many of the images of a class are held out."""
    return round(fraction * count)


def stratified(labels, fraction, seed):
    """A mask (n,) that takes `fraction` of each class, chosen at random."""
    generator = np.random.default_rng(seed)
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        (members,) = np.nonzero(labels == label)
        mask[generator.permutation(members)[: held_out(len(members), fraction)]] = True
    return mask


def half(labels, seed):
    """A mask (n,) of one half of each class, chosen at random: the training images that the evaluation classifier learns from."""
    return ~stratified(labels, 0.5, [seed, 1])  # another stream than that of the images held out


def equal_shares(labels, samples, sets, seed):
    """Indices (samples,) of disjoint sets in which classes follow one another, as those that samples are asked for: equal shares.

    There are as many sets as images suffice for, at most `sets`; if they do not suffice for one, it is one with fewer images.

    Args:
        labels: (n,) of the images to choose from.
        samples: images of a set.
    """
    generator = np.random.default_rng([seed, 2])
    members = [generator.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    rounds = np.array([own[: min(map(len, members))] for own in members]).T  # each has one image of each class
    samples = min(samples, rounds.size)
    return [rounds.ravel()[i * samples : (i + 1) * samples] for i in range(min(sets, rounds.size // samples))]


def split(classes, train, test, share, seed):
    """A `Dataset` from (images, labels) of the original two sets, holding a share of the training set out.

    Raises ValueError if that leaves nothing held out, or nothing of a class to train on.
    """
    images, labels = train
    val = stratified(labels, share, seed)
    if not val.any():
        raise ValueError(f"no image is held out of {len(labels)}; raise `data.held_out`")
    for gone in np.setdiff1d(labels, labels[~val]):
        raise ValueError(f"all images of class {classes[gone]!r} are held out; lower `data.held_out`, or add images to it")
    return Dataset(
        tuple(classes),
        {"train": images[~val], "val": images[val], "test": test[0]},
        {"train": labels[~val], "val": labels[val], "test": test[1]},
    )
