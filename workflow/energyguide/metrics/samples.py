"""Everything that is measured on a set of images, generated or real, against real ones."""

import torch

from energyguide.energy import energy, statistics
from energyguide.metrics.features import ClassifierFeatures, extract, inception
from energyguide.metrics.quality import energy_divergence, is_splits, joint_distance, quality
from energyguide.nets.files import load
from energyguide.nets.resnet import CifarResNet
from energyguide.robustness import logits

NAMES = {"inception": "Inception features", "judge": "classifier features"}


class Judgement:
    """Measures sets of images.

    Args:
        dataset: with the reference images.
        judge: weights of the independent classifier.
        classifier: weights of the classifier whose energies are compared.
        energies: (n,) E(x) of that classifier over the training images.
        spec: the `metrics` block of the configuration.
    """

    def __init__(self, dataset, judge, classifier, energies, spec, where):
        self.spec, self.where, self.dataset = spec, where, dataset
        self.judge, self.classifier = load(CifarResNet, judge, where), load(CifarResNet, classifier, where)
        self.energies = torch.from_numpy(energies)
        if spec["features"] == "inception":
            self.extractor = inception(spec.get("inception"))
        else:
            self.extractor = ClassifierFeatures("judge", ["penultimate", "logits"], self.judge)
        self.reference = self.features(dataset.images[spec["reference"]])
        self.train = self.reference if spec["reference"] == "train" else self.features(dataset.images["train"])
        self.train_labels = torch.from_numpy(dataset.labels["train"])

    def features(self, images):
        return extract(self.extractor, torch.as_tensor(images), self.where)[0]

    def protocol(self, samples, sets):
        return {
            "features": NAMES[self.spec["features"]],
            "reference": self.spec["reference"],
            "n_reference": len(self.reference),
            "samples": samples,
            "sets": sets,
            "uncertainty": "standard deviation over the sets",
            "is_splits": is_splits(samples),
        }

    def of(self, sets, labels=None):
        """Each measure as a list, one number a set; and the energies of all.

        Args:
            sets: uint8 images (n, channel, height, width), as long as each other.
            labels: their classes (n,); where absent, sample i was asked for class i mod classes.
        """
        found, first = [], 0
        for i, images in enumerate(sets):
            features, scores = extract(self.extractor, images, self.where)
            x = images.to(self.where).float() / 255
            asked = labels[i] if labels else torch.arange(first, first + len(images)) % len(self.dataset.classes)
            right = logits(self.judge, x).argmax(1) == asked
            energies = energy(logits(self.classifier, x))
            found.append(
                {
                    **quality(features, scores, self.reference),
                    "fjd_train": joint_distance(features, asked, self.train, self.train_labels),
                    "accuracy": right.float().mean().item(),
                    "energy_divergence": energy_divergence(energies, self.energies),
                    "energies": energies,
                }
            )
            first += len(images)
        every = torch.cat([f.pop("energies") for f in found])
        return {**{key: [f[key] for f in found] for key in found[0]}, "energy": statistics(every)}
