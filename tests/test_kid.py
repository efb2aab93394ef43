import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

from energyguide.metrics.kid import kernel, kid, self_similarity

CLASSES = 4


def drawn(count, generator, labels=None):
    """Features (count, 3) of an equal mixture of Gaussians, one a class; the classes in equal shares if none are given."""
    labels = torch.arange(count) % CLASSES if labels is None else labels
    return torch.randn(count, 3, generator=generator, dtype=torch.float64) + 2 * labels[:, None], labels


def distance(generated, reference, classes=CLASSES):
    return kid(generated, reference, self_similarity(*reference, classes), classes)


def unstratified(x, y):
    """The usual estimate: the mean over all pairs of different images."""
    inside = (kernel(z, z).fill_diagonal_(0).sum() / (len(z) * (len(z) - 1)) for z in (x, y))
    return (sum(inside) - 2 * kernel(x, y).mean()).item()


def test_kid_of_one_class_is_that_of_torch_fidelity(generator):
    x, y = (torch.rand(60, 5, generator=generator) * scale for scale in (1, 1.5))
    whole = {"kid_subsets": 1, "kid_subset_size": 60, "kid_kernel": "poly", "rng_seed": 0, "verbose": False}
    theirs = kid_features_to_metric(
        x, y, kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0, **whole
    )
    one = torch.zeros(60, dtype=torch.int64)
    assert distance((x, one), (y, one), 1) == pytest.approx(theirs[KEY_METRIC_KID_MEAN], rel=1e-4)


def test_kid_is_the_mean_of_its_classes_by_hand(generator, monkeypatch):
    monkeypatch.setattr("energyguide.metrics.kid.ROWS", 7)
    (x, a), (y, b) = drawn(20, generator), drawn(30, generator, torch.arange(30).clamp(max=3 + 8) % CLASSES)

    def k(first, second):
        return ((first @ second).item() / 3 + 1) ** 3

    def similarity(u, of_u, v, of_v):
        means = []
        for p in range(CLASSES):
            for q in range(CLASSES):
                pairs = [(i, j) for i in range(len(u)) for j in range(len(v)) if of_u[i] == p and of_v[j] == q]
                means.append(np.mean([k(u[i], v[j]) for i, j in pairs if u is not v or i != j]))
        return np.mean(means)

    expected = similarity(x, a, x, a) + similarity(y, b, y, b) - 2 * similarity(x, a, y, b)
    assert distance((x, a), (y, b)) == pytest.approx(expected, rel=1e-9)


def test_kid_of_equal_distributions_is_0_on_average_where_the_usual_estimate_is_negative(generator):
    """Also if the reference was drawn with random classes, and then has them in unequal shares."""
    ours, usual = [], []
    for _ in range(400):
        other = torch.randint(0, CLASSES, (40,), generator=generator)
        other[: 2 * CLASSES] = torch.arange(2 * CLASSES) % CLASSES
        ours.append(distance(drawn(24, generator), drawn(40, generator, other)))
        usual.append(unstratified(drawn(24, generator)[0], drawn(40, generator)[0]))
    assert abs(np.mean(ours)) < 3 * np.std(ours) / len(ours) ** 0.5
    assert np.mean(usual) < -5 * np.std(usual) / len(usual) ** 0.5


def test_kid_needs_two_images_of_each_class(generator):
    with pytest.raises(ValueError, match="KID needs 2 images of each class in a set, and a class has 1; add images, or samples"):
        self_similarity(*drawn(7, generator), CLASSES)
