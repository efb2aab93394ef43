"""The handwritten digits that scikit-learn ships."""

import numpy as np

from energyguide.data.splits import stratified

FACTS = {"channels": 1, "size": 8, "classes": 10}
CLASSES = [str(k) for k in range(10)]
IMAGES = {"train": 1438, "test": 359}


def read(spec):
    """The 1,797 scans of 8x8 pixels that scikit-learn ships (Alpaydin and Kaynak 1998), a fifth of each class for testing."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    test = stratified(labels, 0.2, seed=0)
    return CLASSES, (images[~test], labels[~test]), (images[test], labels[test])
