"""The numbers of the summary table, computed anew from saved samples and weights with numpy and scipy alone:

    python tests/recompute.py results/digits

Nothing of the package, of torch or of torch-fidelity is used, so that an error in one of them shows as a difference. Only for
experiments whose features are those of the evaluation classifier, compared with test images.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, logsumexp
from scipy.stats import wasserstein_distance

COLUMNS = ("is", "fid", "fid_infinity", "kid", "precision", "recall", "accuracy", "energy_divergence")


def tensors(path):
    """The arrays of a safetensors file: a length of 8 bytes, a header in JSON, and the numbers."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    types, body = {"F32": np.float32, "I64": np.int64}, data[8 + size :]
    return {
        name: np.frombuffer(body[slice(*info["data_offsets"])], types[info["dtype"]]).reshape(info["shape"])
        for name, info in header.items()
    }


def convolve(x, kernel, stride=1):
    """Convolution of (n, channel, height, width) with (out, channel, k, k), padded to the same size, then strided."""
    k = kernel.shape[-1]
    padded = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    windows = sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nohw", windows, kernel, optimize=True)


def normalise(x, w, name):
    """Batch normalisation by the running moments."""
    mean, variance, gain, shift = (w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return ((x.transpose(0, 2, 3, 1) - mean) / np.sqrt(variance + 1e-5) * gain + shift).transpose(0, 3, 1, 2)


def relu(x):
    return np.maximum(x, 0)


def vgg(x, w):
    """Penultimate activations of the evaluation classifier."""
    stages = 1 + max(int(name.split(".")[1]) for name in w if name.startswith("stages."))
    for i in range(stages):
        if i:
            n, c, height, width = x.shape
            x = x.reshape(n, c, height // 2, 2, width // 2, 2).max((3, 5))
        layer = 0
        while f"stages.{i}.{layer}.weight" in w:
            x = relu(normalise(convolve(x, w[f"stages.{i}.{layer}.weight"]), w, f"stages.{i}.{layer + 1}"))
            layer += 3
    return x.mean((2, 3))


def resnet(x, w):
    """Penultimate activations of a classifier that guides; of basic blocks."""
    x = relu(normalise(convolve(x, w["conv1.weight"]), w, "bn1"))
    i = 1
    while f"layer{i}.0.conv1.weight" in w:
        j = 0
        while f"layer{i}.{j}.conv1.weight" in w:
            block = f"layer{i}.{j}"
            stride = 2 if i > 1 and j == 0 else 1
            out = relu(normalise(convolve(x, w[f"{block}.conv1.weight"], stride), w, f"{block}.bn1"))
            out = normalise(convolve(out, w[f"{block}.conv2.weight"]), w, f"{block}.bn2")
            if f"{block}.downsample.0.weight" in w:
                x = normalise(convolve(x, w[f"{block}.downsample.0.weight"], stride), w, f"{block}.downsample.1")
            x = relu(out + x)
            j += 1
        i += 1
    return x.mean((2, 3))


def evaluated(images, w, network):
    """Features and logits of uint8 images."""
    features = network((images / 255.0 - w["mean"]) / w["std"], w)
    return features, features @ w["fc.weight"].T + w["fc.bias"]


def frechet(x, y):
    a, b = np.cov(x.T), np.cov(y.T)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))


def members(labels, share, seed):
    """The subset that extrapolation takes of a set: the same share of each class."""
    generator = np.random.default_rng(seed)
    return np.concatenate(
        [generator.permutation(np.flatnonzero(labels == k))[: round(share * (labels == k).sum())] for k in np.unique(labels)]
    )


def fid_infinity(sets, labels, reference):
    """Intercept of a line in 1/n through the FIDs of subsets from half to all, as the jackknife's pseudo-values."""
    shares = 1 / np.linspace(1, 2, 12)
    chosen = [
        [x[members(y, share, [i, j])] for j, share in enumerate(shares)]
        for i, (x, y) in enumerate(zip(sets, labels, strict=True))
    ]

    def at_infinity(parts):
        pooled = [np.concatenate(subsets) for subsets in zip(*parts, strict=True)]
        return np.polyfit([1 / len(x) for x in pooled], [frechet(x, reference) for x in pooled], 1)[1]

    whole, count = at_infinity(chosen), len(sets)
    return [count * whole - (count - 1) * at_infinity(chosen[:i] + chosen[i + 1 :]) for i in range(count)]


def kid(x, x_labels, y, y_labels):
    """Squared MMD of a cubic kernel: a mean for each pair of classes, without pairs of an image and itself."""

    def mean(a, b, same):
        values = (a @ b.T / a.shape[1] + 1) ** 3
        return (values.sum() - np.trace(values)) / (len(a) * (len(a) - 1)) if same else values.mean()

    classes = np.unique(y_labels)
    groups = [([z[labels == k] for k in classes]) for z, labels in ((x, x_labels), (y, y_labels))]
    within = [np.mean([mean(a, b, i == j) for i, a in enumerate(g) for j, b in enumerate(g)]) for g in groups]
    return sum(within) - 2 * np.mean([mean(a, b, False) for a in groups[0] for b in groups[1]])


def covered(x, y):
    """Share of y that lies in a ball around one of x, as wide as to its third neighbour."""
    radii = np.sort(cdist(x, x), axis=1)[:, 3]
    return (cdist(y, x) <= radii).any(1).mean()


def inception_score(logits):
    log_p = log_softmax(logits, axis=1)
    marginal = logsumexp(log_p, axis=0) - np.log(len(log_p))
    return np.exp((np.exp(log_p) * (log_p - marginal)).sum(1).mean())


class Anew:
    """What the numbers of an experiment are made of."""

    def __init__(self, results, classifier="eps0.5"):
        self.results = results
        data = np.load(results / "data/dataset.npz")
        self.judge = tensors(results / "classifiers/judge.safetensors")
        self.guide = tensors(results / f"classifiers/{classifier}.safetensors")
        self.labels = data["labels_test"]
        self.reference, _ = evaluated(data["images_test"], self.judge, vgg)
        self.energies = self.energy(data["images_train"])

    def energy(self, images):
        return -logsumexp(evaluated(images, self.guide, resnet)[1], axis=1)

    def of(self, variant, point, samples):
        """The numbers of a variant, one a set: all sets but the first."""
        folder = self.results / f"samples/{variant}/{point}"
        shards = sorted(folder.glob("*.npz"), key=lambda path: int(path.stem))
        images = np.concatenate([np.load(path)["images"] for path in shards])
        asked = np.arange(len(images)) % len(np.unique(self.labels))
        found, features, labels = {key: [] for key in COLUMNS}, [], []
        for start in range(samples, len(images), samples):
            own, y = images[start : start + samples], asked[start : start + samples]
            x, logits = evaluated(own, self.judge, vgg)
            features.append(x)
            labels.append(y)
            found["is"].append(inception_score(logits))
            found["fid"].append(frechet(x, self.reference))
            found["kid"].append(kid(x, y, self.reference, self.labels))
            found["precision"].append(covered(self.reference, x))
            found["recall"].append(covered(x, self.reference))
            found["accuracy"].append((logits.argmax(1) == y).mean())
            found["energy_divergence"].append(wasserstein_distance(self.energy(own), self.energies))
        return {**found, "fid_infinity": fid_infinity(features, labels, self.reference)}


def differences(results, classifier="eps0.5", variants=None):
    """By variant and column of the summary: the printed mean, and that computed anew."""
    anew, found = Anew(results, classifier), {}
    with open(results / "tables/summary.csv", newline="") as file:
        for row in csv.DictReader(file):
            if variants and row["variant"] not in variants:
                continue
            point = f"{float(row['strength'] or row['scale']):g}"
            own = anew.of(row["variant"], point, int(row["samples"]))
            found |= {
                (row["variant"], key): (float(row[key]), float(np.mean(own[key]))) for key in COLUMNS if row[key] != "diverged"
            }
    return found


if __name__ == "__main__":
    pairs = differences(Path(sys.argv[1]), *sys.argv[2:3])
    for (variant, key), (printed, computed) in pairs.items():
        print(f"{variant:24} {key:18} {printed:12.6f} {computed:12.6f} {computed - printed:12.2e}")
    print(f"largest difference of {len(pairs)} numbers: {max(abs(a - b) for a, b in pairs.values()):.2e}")
