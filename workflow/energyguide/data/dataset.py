"""One type for every dataset: three splits of uint8 images with their labels."""

from dataclasses import dataclass

import numpy as np

from energyguide.files.arrays import map_arrays, read_sidecar, save_arrays

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

        x = torch.from_numpy(self.images[split]).to(device).float().div_(255)  # in place: the set may be large
        return x, torch.from_numpy(self.labels[split]).to(device)

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
        """The dataset in a file; its images come from there as they are used.

        Raises ValueError if the file is damaged, or does not hold a dataset.
        """
        arrays, classes = map_arrays(path), tuple(read_sidecar(path).get("classes", ()))
        expected = {f"{kind}_{split}" for kind in ("images", "labels") for split in SPLITS}
        if lacking := ", ".join(sorted(expected - arrays.keys())):
            raise ValueError(f"{path} lacks {lacking}; delete it and run again")
        images, labels = ({s: arrays[f"{kind}_{s}"] for s in SPLITS} for kind in ("images", "labels"))
        for s in SPLITS:
            if len(images[s]) != len(labels[s]) or not np.isin(labels[s], range(len(classes))).all():
                raise ValueError(f"{path}: labels_{s} does not give each image one of the classes; delete it and run again")
        return cls(classes, images, labels)
