"""Everything that is measured on a set of images, generated or real, against real ones."""

import numpy as np
import torch

from energyguide.classifiers.energy import energy
from energyguide.data.splits import equal_shares, half
from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.metrics.distribution import statistics
from energyguide.metrics.extrapolation import fid_infinity
from energyguide.metrics.features import ClassifierFeatures, extract, inception
from energyguide.metrics.frechet import frechet, moments
from energyguide.metrics.kid import kid
from energyguide.metrics.quality import Reference, energy_divergence, is_splits, joint_distance, quality
from energyguide.metrics.scales import CHOICE
from energyguide.nets.passes import logits
from energyguide.nets.weights import load

NAMES = {"inception": "Inception features", "judge": "classifier features"}


def extractor(spec, judge):
    """The feature extractor that the `metrics` block asks for: Inception, or the judge (the evaluation classifier), a network."""
    if spec["features"] == "inception":
        return inception(spec.get("inception"))
    return ClassifierFeatures("judge", ["penultimate", "logits"], judge)


def measure_reference(dataset, judge, spec, device, seed):
    """The `Reference` that the `metrics` block asks for; `seed` is that by which the evaluation classifier was given its half.

    The reference "train" is all original training images, those held out among them.
    """
    network = extractor(spec, load(judge, device))

    def measured(split):
        """Features and labels."""
        return extract(network, torch.from_numpy(dataset.images[split]), device)[0], torch.from_numpy(dataset.labels[split])

    train = measured("train")
    original = [torch.cat(both) for both in zip(train, measured("val"), strict=True)]
    unseen = [part[~half(dataset.labels["train"], seed)] for part in train]
    reference = original if spec["reference"] == "train" else measured("test")
    return Reference.of(reference, original[0], unseen, len(dataset.classes), device)


def real_sets(dataset, reference, samples, sets, seed):
    """Real images treated as samples are, in sets with classes in equal shares: images and labels of each, and their split.

    Neither the evaluation classifier nor the reference has seen them: with the reference "test" they are from the half of the
    training images that this classifier was not given, with "train" from the test images. Arguments as of `equal_shares`.
    """
    split = "test" if reference == "train" else "train"
    labels = dataset.labels[split]
    (unseen,) = np.nonzero(~half(labels, seed) if split == "train" else np.ones(len(labels), dtype=bool))
    chosen = [unseen[indices] for indices in equal_shares(labels[unseen], samples, sets, seed)]
    return [torch.from_numpy(dataset.images[split][c]) for c in chosen], [torch.from_numpy(labels[c]) for c in chosen], split


class Evaluation:
    """Measures sets of images.

    Args:
        reference: a `Reference`.
        judge: weights of the evaluation classifier, which guides nothing.
        classifier: weights of the classifier whose energies are compared.
        energies: (n,) E(x) of that classifier over the training images.
        spec: the `metrics` block of the configuration.
    """

    def __init__(self, reference, judge, classifier, energies, spec, device):
        self.spec, self.device, self.reference = spec, device, reference
        self.judge, self.classifier = load(judge, device), load(classifier, device)
        self.extractor = extractor(spec, self.judge)
        self.energies = torch.from_numpy(energies)

    def protocol(self, samples, sets):
        return {
            "features": NAMES[self.spec["features"]],
            "reference": self.spec["reference"],
            "n_reference": len(self.reference.features),
            "samples": samples,
            "sets": sets,
            "uncertainty": "standard deviation over the sets",
            "is_splits": is_splits(samples),
        }

    def kid(self, features, asked):
        reference = self.reference
        images = reference.features, reference.labels
        return kid((features, asked), images, reference.similarity, reference.classes, self.device)

    def one(self, images, asked):
        """Each measure of one set, and what measures of several need of it.

        Args:
            images: uint8 (n, channel, height, width).
            asked: their classes (n,), or those that they were asked for.

        Returns the measures by name; and features (n, feature), `asked`, and E(x) (n,).
        """
        features, scores = extract(self.extractor, images, self.device)
        x = images.to(self.device).float() / 255
        energies = energy(logits(self.classifier, x))
        measures = {
            **quality(features, scores, self.reference),
            "kid": self.kid(features, asked),
            "fjd_train": joint_distance(features, asked, self.reference),
            "accuracy": (logits(self.judge, x).argmax(1) == asked).float().mean().item(),
            "energy_divergence": energy_divergence(energies, self.energies),
        }
        return measures, (features, asked, energies)

    def of(self, sets, asked):
        """Each measure of several sets, as long as each other, as a list, one number a set.

        "fid_infinity" has a pseudo-value a set, `extrapolation.fid_infinity`; "fid_all_train" is the FID of all sets as one to
        all original training images, and "energy" the distribution of E(x) in all.
        """
        measures, parts = zip(*map(self.one, sets, asked), strict=True)
        features, asked, energies = zip(*parts, strict=True)
        return {
            **{key: [set_[key] for set_ in measures] for key in measures[0]},
            "fid_infinity": fid_infinity(features, asked, self.reference.moments),
            "fid_all_train": [frechet(moments(torch.cat(features)), self.reference.train)],
            "energy": statistics(torch.cat(energies)),
        }


def gathered(divergences):
    """Several of a `divergence` as one."""
    return {key: join(part[key] for part in divergences) for key, join in (("count", sum), ("of", sum), ("step", max))}


def measure_shards(evaluation, paths, samples):
    """Evaluations of the networks, and what is measured on the samples of a scale, in sets of `samples`.

    The first set only gives what the scale is chosen by.

    If samples ceased to be finite in any shard, the result is how many did, under "diverged".
    """
    sidecars = list(map(read_sidecar, paths))
    scale, evaluations = sidecars[0]["scale"], sidecars[0]["evaluations"]
    if lost := [info["diverged"] for info in sidecars if info["diverged"]]:
        return evaluations, {"scale": scale, "diverged": gathered(lost)}
    images = torch.from_numpy(np.concatenate([load_arrays(path)["images"] for path in paths])).split(samples)
    asked = (torch.arange(len(images) * samples) % evaluation.reference.classes).split(samples)
    choice, _ = evaluation.one(images[0], asked[0])
    measures = evaluation.of(images[1:], asked[1:])
    seconds = [info["seconds_per_image"] for info in sidecars]
    return evaluations, {"scale": scale, **measures, CHOICE: choice["fjd_train"], "seconds_per_image": seconds}
