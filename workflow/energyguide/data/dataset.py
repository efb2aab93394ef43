"""One type for every dataset: three splits of uint8 images with their labels."""

from dataclasses import dataclass

import numpy as np

from energyguide.storage import load_arrays, read_sidecar, save_arrays

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Dataset:
    """Images and labels of the splits "train", "val" (held out of the original training set) and "test".

    Attributes:
        classes: names of the classes, in the order of the labels.
        images: split -> uint8 (n, channel, height, width).
        labels: split -> int64 (n,).
    """

    classes: tuple
    images: dict
    labels: dict

    @property
    def shape(self):
        """(channel, height, width) of an image."""
        return self.images["train"].shape[1:]

    def tensors(self, split, device="cpu"):
        """Images as float32 in [0, 1], and labels, on `device`."""
        import torch

        return torch.from_numpy(self.images[split]).to(device).float() / 255, torch.from_numpy(self.labels[split]).to(device)

    def one_of_each(self, split, device="cpu"):
        """The first image of each class, (class, channel, height, width) in [0, 1], and the labels."""
        import torch

        x, y = self.tensors(split, device)
        shown = torch.stack([(y == k).nonzero()[0, 0] for k in y.unique()])
        return x[shown], y[shown]

    def save(self, path, **info):
        arrays = {f"{kind}_{split}": getattr(self, kind)[split] for kind in ("images", "labels") for split in SPLITS}
        save_arrays(path, arrays, classes=list(self.classes), counts={s: len(self.labels[s]) for s in SPLITS}, **info)

    @classmethod
    def load(cls, path):
        """Raises ValueError where the file is damaged, or does not hold a dataset."""
        arrays, classes = load_arrays(path), tuple(read_sidecar(path).get("classes", ()))
        expected = {f"{kind}_{split}" for kind in ("images", "labels") for split in SPLITS}
        if lacking := ", ".join(sorted(expected - arrays.keys())):
            raise ValueError(f"{path} lacks {lacking}; delete it and run again")
        images, labels = ({s: arrays[f"{kind}_{s}"] for s in SPLITS} for kind in ("images", "labels"))
        for s in SPLITS:
            if len(images[s]) != len(labels[s]) or not np.isin(labels[s], range(len(classes))).all():
                raise ValueError(f"{path}: labels_{s} does not give each image one of the classes; delete it and run again")
        return cls(classes, images, labels)


def stratified(labels, fraction, seed):
    """A mask (n,) that takes `fraction` of each class, chosen at random."""
    generator = np.random.default_rng(seed)
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        (members,) = np.nonzero(labels == label)
        mask[generator.permutation(members)[: round(fraction * len(members))]] = True
    return mask


def split(classes, train, test, held_out, seed):
    """A `Dataset` from (images, labels) of the original two sets, holding a fraction of the training set out.

    Raises ValueError where that leaves nothing held out, or nothing of a class to train on.
    """
    images, labels = train
    val = stratified(labels, held_out, seed)
    if not val.any():
        raise ValueError(f"no image is held out of {len(labels)}; raise `data.held_out`")
    for gone in np.setdiff1d(labels, labels[~val]):
        raise ValueError(f"all images of class {classes[gone]!r} are held out; lower `data.held_out`, or add images to it")
    return Dataset(
        tuple(classes),
        {"train": images[~val], "val": images[val], "test": test[0]},
        {"train": labels[~val], "val": labels[val], "test": test[1]},
    )
