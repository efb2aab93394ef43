"""Everything that is measured on a set of images, generated or real, against real ones."""

import torch

from energyguide.energy import energy, statistics
from energyguide.metrics.features import ClassifierFeatures, extract, inception
from energyguide.metrics.quality import Reference, energy_divergence, frechet, is_splits, joint_distance, moments, quality
from energyguide.nets.files import load
from energyguide.nets.resnet import CifarResNet
from energyguide.robustness import logits

NAMES = {"inception": "Inception features", "judge": "classifier features"}


def extractor(spec, judge):
    """What the `metrics` block asks for: Inception, or the judge, a network."""
    if spec["features"] == "inception":
        return inception(spec.get("inception"))
    return ClassifierFeatures("judge", ["penultimate", "logits"], judge)


def measure_reference(dataset, judge, spec, where):
    """The `Reference` that the `metrics` block asks for."""
    network = extractor(spec, load(CifarResNet, judge, where))

    def features(split):
        return extract(network, torch.from_numpy(dataset.images[split]), where)[0]

    train = features("train")
    reference = train if spec["reference"] == "train" else features(spec["reference"])
    return Reference.of(reference, train, torch.from_numpy(dataset.labels["train"]))


class Judgement:
    """Measures sets of images.

    Args:
        reference: a `Reference`.
        judge: weights of the independent classifier.
        classifier: weights of the classifier whose energies are compared.
        energies: (n,) E(x) of that classifier over the training images.
        spec: the `metrics` block of the configuration.
    """

    def __init__(self, reference, judge, classifier, energies, spec, where):
        self.spec, self.where, self.reference = spec, where, reference
        self.judge, self.classifier = load(CifarResNet, judge, where), load(CifarResNet, classifier, where)
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

    def of(self, sets, labels=None):
        """Each measure as a list, one number a set; the FID of all sets as one to the training images; and the energies of all.

        Args:
            sets: uint8 images (n, channel, height, width), as long as each other.
            labels: their classes (n,); where absent, sample i was asked for class i mod classes.
        """
        found, every, first = [], [], 0
        for i, images in enumerate(sets):
            features, scores = extract(self.extractor, images, self.where)
            x = images.to(self.where).float() / 255
            seen = logits(self.judge, x)
            asked = labels[i] if labels else torch.arange(first, first + len(images)) % seen.shape[1]
            energies = energy(logits(self.classifier, x))
            found.append(
                {
                    **quality(features, scores, self.reference),
                    "fjd_train": joint_distance(features, asked, self.reference),
                    "accuracy": (seen.argmax(1) == asked).float().mean().item(),
                    "energy_divergence": energy_divergence(energies, self.energies),
                }
            )
            every.append((features, energies))
            first += len(images)
        features, energies = map(torch.cat, zip(*every, strict=True))
        return {
            **{key: [f[key] for f in found] for key in found[0]},
            "fid_all_train": [frechet(moments(features), self.reference.train)],
            "energy": statistics(energies),
        }
