"""IS, FID, precision and recall by torch-fidelity, from features extracted once; and the divergence of energies."""

import torch
import torch.nn.functional as F
from scipy.stats import wasserstein_distance
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric


def is_splits(samples):
    """Parts that the Inception score is averaged over: ten, but a small set stays whole, as a split holds its score down."""
    return 10 if samples >= 1000 else 1


def quality(generated, logits, reference):
    """Inception score, FID, precision and recall (Kynkaanniemi et al. 2019, three neighbours) of generated images.

    Args:
        generated: (n, feature).
        logits: (n, class), of the same extractor.
        reference: (m, feature), of real images.
    """
    prc = prc_features_to_metric(generated, reference, prc_neighborhood=3, prc_batch_size=10_000, verbose=False)
    return {
        "is": isc_features_to_metric(logits, splits=is_splits(len(logits)))[KEY_METRIC_ISC_MEAN],
        "fid": fid(generated, reference),
        "precision": prc[KEY_METRIC_PRECISION],
        "recall": prc[KEY_METRIC_RECALL],
    }


def fid(generated, reference):
    """Frechet distance between two sets of features, (n, feature) and (m, feature)."""
    first, second = fid_features_to_statistics(generated), fid_features_to_statistics(reference)
    return fid_statistics_to_metric(first, second, verbose=False)[KEY_METRIC_FID]


def joint_distance(generated, asked, reference, labels):
    """Frechet joint distance (DeVries et al. 2019): the FID of features and classes together, in [0, inf).

    The classes (n,) and (m,) are joined to the features as one-hot vectors, as long as the reference's features are
    on average. It sees both how good images are and whether they are what was asked for.
    """
    classes = int(max(labels.max(), asked.max())) + 1
    length = reference.norm(dim=1).mean()

    def joined(features, y):
        return torch.cat([features, length * F.one_hot(y, classes)], dim=1)

    return fid(joined(generated, asked), joined(reference, labels))


def energy_divergence(generated, reference):
    """Wasserstein-1 distance, in nats, between the energies E(x) of two sets of images, (n,) and (m,)."""
    return float(wasserstein_distance(generated.numpy(), reference.numpy()))
