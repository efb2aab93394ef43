"""The dataset that an experiment asks for, from its source."""

from importlib import import_module

import numpy as np

from energyguide.data.splits import split


def load(spec, seed):
    """The `Dataset` that the configuration's `data` block asks for.

    The source is a module of `sources`, whose `read(spec)` returns the names of the classes, and for the training and the test
    set each a pair: images uint8 (n, channel, height, width), labels int64 (n,).
    """
    classes, train, test = import_module(f"energyguide.data.sources.{spec['source']}").read(spec)
    if "per_class" in spec:
        train, test = first(train, spec["per_class"]["train"]), first(test, spec["per_class"]["test"])
    return split(classes, train, test, spec["held_out"], seed)


def first(pair, count):
    """The first `count` images of each class, in the order they have, and their labels."""
    images, labels = pair
    kept = np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]))
    return images[kept], labels[kept]
