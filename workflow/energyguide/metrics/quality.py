"""IS, FID, precision and recall by torch-fidelity, from features extracted once; and the divergence of energies."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

from energyguide.files.arrays import load_arrays, save_arrays

NEIGHBOURS = 3  # of precision and recall, as Kynkaanniemi et al. (2019) chose


def is_splits(samples):
    """Number of parts that the Inception score is averaged over: ten, but one for a small set, whose parts would score lower."""
    return 10 if samples >= 1000 else 1


def moments(features):
    """Mean and covariance of features (n, feature), as torch-fidelity keeps them. Raises ValueError for fewer than two images."""
    if len(features) < 2:
        raise ValueError(f"a set of {len(features)} images has no covariance, which the FID needs; add images")
    return fid_features_to_statistics(features)


def frechet(first, second):
    """Frechet distance, in [0, inf), between two Gaussians with these `moments`; of features it is the FID.

    The root of a product of covariances is rounded, so that of equal sets the sum may come out a little below 0.
    """
    return max(fid_statistics_to_metric(first, second, verbose=False)[KEY_METRIC_FID], 0.0)


@dataclass(frozen=True)
class Reference:
    """What generated images are compared with: statistics of real images.

    Attributes:
        features: (m, feature) of the reference images.
        moments: theirs.
        joint: moments of the training images' features and classes together.
        length: what the one-hot vector of a class is as long as: the mean length of the training images' features.
    """

    features: torch.Tensor
    moments: dict
    joint: dict
    length: float

    @classmethod
    def of(cls, features, train, labels):
        """From features of the reference images (m, feature) and the training images (n, feature), and labels (n,) of these."""
        length = train.norm(dim=1).mean().item()
        return cls(features, moments(features), moments(joined(train, labels, int(labels.max()) + 1, length)), length)

    @property
    def train(self):
        """Moments of the training images' features: `joint` without the classes."""
        count = self.features.shape[1]
        return {"mu": self.joint["mu"][:count], "sigma": self.joint["sigma"][:count, :count]}

    @classmethod
    def load(cls, path):
        """Raises ValueError if the file is damaged."""
        a = load_arrays(path)
        own, joint = ({key: a[f"{name}_{key}"] for key in ("mu", "sigma")} for name in ("moments", "joint"))
        return cls(torch.from_numpy(a["features"]), own, joint, float(a["length"]))

    def save(self, path, **info):
        parts = {f"{name}_{key}": value for name in ("moments", "joint") for key, value in getattr(self, name).items()}
        save_arrays(path, {"features": self.features.numpy(), "length": self.length, **parts}, **info)


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
    """Frechet joint distance (DeVries et al. 2019) to the training images, in [0, inf).

    The FID of features (n, feature) and of the classes (n,) asked for, joined: it sees both how good images are and
    whether they are what was asked for.
    """
    classes = len(reference.joint["mu"]) - generated.shape[1]
    return frechet(moments(joined(generated, asked, classes, reference.length)), reference.joint)


def energy_divergence(generated, reference):
    """Wasserstein-1 distance, in nats, between the energies E(x) of two sets of images, (n,) and (m,).

    It is the area between their distribution functions; scipy.stats has it too, and takes longer to import than to measure.
    """
    values = torch.cat([generated, reference]).double().sort().values
    shares = [torch.searchsorted(e.double().sort().values, values[:-1], right=True) / len(e) for e in (generated, reference)]
    return ((shares[0] - shares[1]).abs() * values.diff()).sum().item()
