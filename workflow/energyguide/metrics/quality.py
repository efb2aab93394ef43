"""IS, FID, precision and recall, from features extracted once; the joint distance; and the divergence of energies."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

from energyguide.files.arrays import load_arrays, save_arrays
from energyguide.metrics.frechet import Gaussian, frechet, moments
from energyguide.metrics.kid import self_similarity

GAUSSIANS = ("moments", "train", "joint")
NEIGHBOURS = 3  # of precision and recall, as Kynkaanniemi et al. (2019) chose


def is_splits(samples):
    """Number of parts that the Inception score is averaged over: ten, but one for a small set, whose parts would score lower."""
    return 10 if samples >= 1000 else 1


@dataclass(frozen=True)
class Reference:
    """What generated images are compared with: statistics of real images.

    Attributes:
        features: (m, feature) of the reference images.
        labels: (m,) their classes.
        similarity: `self_similarity` of these, for KID.
        moments: of the reference images' features.
        train: moments of the features of all original training images, those held out among them.
        joint: moments of features and classes together, of the training images that the evaluation classifier has not seen.
        length: what the one-hot vector of a class is as long as: the mean length of the latter images' features.
    """

    features: torch.Tensor
    labels: torch.Tensor
    similarity: float
    moments: Gaussian
    train: Gaussian
    joint: Gaussian
    length: float

    @classmethod
    def of(cls, reference, train, unseen, classes, device="cpu"):
        """From features (n, feature) of all original training images; and from features and labels, of two sets.

        Args:
            reference: the two of the reference images.
            train: those features.
            unseen: the two of the training images that the evaluation classifier has not seen.
            classes: number of classes.

        Raises ValueError if a class has fewer than two reference images.
        """
        length = unseen[0].norm(dim=1).mean().item()
        joint = moments(joined(*unseen, classes, length))
        similarity = self_similarity(*reference, classes, device)
        return cls(*reference, similarity, moments(reference[0]), moments(train), joint, length)

    @property
    def classes(self):
        """The number of classes."""
        return len(self.joint.mu) - self.features.shape[1]

    @classmethod
    def load(cls, path):
        """Raises ValueError if the file is damaged."""
        a = load_arrays(path)
        gaussians = [Gaussian(a[f"{name}_mu"], a[f"{name}_sigma"]) for name in GAUSSIANS]
        images = (torch.from_numpy(a[name]) for name in ("features", "labels"))
        return cls(*images, float(a["similarity"]), *gaussians, float(a["length"]))

    def save(self, path, **info):
        parts = {f"{name}_{key}": getattr(getattr(self, name), key) for name in GAUSSIANS for key in ("mu", "sigma")}
        images = {"features": self.features.numpy(), "labels": self.labels.numpy()}
        save_arrays(path, {**images, "similarity": self.similarity, "length": self.length, **parts}, **info)


def joined(features, y, classes, length):
    """(n, feature + class): the features, and the class of each image as a one-hot vector of this length."""
    return torch.cat([features, length * F.one_hot(y, classes)], dim=1)


def quality(generated, logits, reference):
    """Inception score, FID, precision and recall (Kynkaanniemi et al. 2019, three neighbours) of generated images.

    Args:
        generated: (n, feature).
        logits: (n, class), of the same extractor.
        reference: a `Reference`.

    Raises ValueError if a set has fewer images than precision and recall need.
    """
    if (fewest := min(len(generated), len(reference.features))) <= NEIGHBOURS:
        raise ValueError(f"a set has {fewest} images, and precision and recall need {NEIGHBOURS + 1}; add images, or samples")
    prc = prc_features_to_metric(generated, reference.features, prc_neighborhood=NEIGHBOURS, prc_batch_size=10_000, verbose=False)
    return {
        "is": isc_features_to_metric(logits, splits=is_splits(len(logits)))[KEY_METRIC_ISC_MEAN],
        "fid": frechet(moments(generated), reference.moments),
        "precision": prc[KEY_METRIC_PRECISION],
        "recall": prc[KEY_METRIC_RECALL],
    }


def joint_distance(generated, asked, reference):
    """Frechet joint distance (DeVries et al. 2019) to training images that are new to the evaluation classifier, in [0, inf).

    The FID of features (n, feature) and of the classes (n,) asked for, joined: it sees both how good images are and
    whether they are what was asked for.
    """
    return frechet(moments(joined(generated, asked, reference.classes, reference.length)), reference.joint)


def energy_divergence(generated, reference):
    """Wasserstein-1 distance, in nats, between the energies E(x) of two sets of images, (n,) and (m,).

    It is the area between their distribution functions; scipy.stats has it too, and takes longer to import than to measure.
    """
    values = torch.cat([generated, reference]).double().sort().values
    shares = [torch.searchsorted(e.double().sort().values, values[:-1], right=True) / len(e) for e in (generated, reference)]
    return ((shares[0] - shares[1]).abs() * values.diff()).sum().item()
