"""Everything that is measured on a set of images, generated or real, against real ones."""

import numpy as np
import torch

from energyguide.classifiers.energy import energy
from energyguide.files.arrays import load_arrays, read_sidecar
from energyguide.metrics.distribution import statistics
from energyguide.metrics.features import ClassifierFeatures, extract, inception
from energyguide.metrics.quality import Reference, energy_divergence, frechet, is_splits, joint_distance, moments, quality
from energyguide.metrics.scales import CHOICE
from energyguide.nets.passes import logits
from energyguide.nets.weights import load

NAMES = {"inception": "Inception features", "judge": "classifier features"}


def extractor(spec, judge):
    """The feature extractor that the `metrics` block asks for: Inception, or the judge (the evaluation classifier), a network."""
    if spec["features"] == "inception":
        return inception(spec.get("inception"))
    return ClassifierFeatures("judge", ["penultimate", "logits"], judge)


def measure_reference(dataset, judge, spec, device):
    """The `Reference` that the `metrics` block asks for."""
    network = extractor(spec, load(judge, device))

    def features(split):
        return extract(network, torch.from_numpy(dataset.images[split]), device)[0]

    train = features("train")
    reference = train if spec["reference"] == "train" else features(spec["reference"])
    return Reference.of(reference, train, torch.from_numpy(dataset.labels["train"]))


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

    def of(self, sets, labels=None, first=0):
        """Each measure as a list, one number a set; the FID of all sets as one to the training images; and the energies of all.

        Args:
            sets: uint8 images (n, channel, height, width), as long as each other.
            labels: their classes (n,); where absent, sample i was asked for class i mod classes.
            first: the number of the first sample.
        """
        measures, every = [], []
        for i, images in enumerate(sets):
            features, scores = extract(self.extractor, images, self.device)
            x = images.to(self.device).float() / 255
            seen = logits(self.judge, x)
            asked = labels[i] if labels else torch.arange(first, first + len(images)) % seen.shape[1]
            energies = energy(logits(self.classifier, x))
            measures.append(
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
            **{key: [set_[key] for set_ in measures] for key in measures[0]},
            "fid_all_train": [frechet(moments(features), self.reference.train)],
            "energy": statistics(energies),
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
    images = torch.from_numpy(np.concatenate([load_arrays(path)["images"] for path in paths]))
    first, *others = images.split(samples)
    measures = evaluation.of(others, first=samples)
    choice = evaluation.of([first])["fjd_train"][0]
    seconds = [info["seconds_per_image"] for info in sidecars]
    return evaluations, {"scale": scale, **measures, CHOICE: choice, "seconds_per_image": seconds}
