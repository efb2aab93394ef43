"""The GPU memory that the jobs of an experiment need, by arithmetic: its networks in float32, on tensors without values.

Not counted: torch itself, which takes about half a gigabyte of a GPU, workspaces of convolutions, and what bf16 saves.
"""

import math
from collections import Counter

from energyguide.diffusion.guides import find_guidance
from energyguide.diffusion.hooks import Models
from energyguide.nets.counting import Memory
from energyguide.nets.passes import BATCH
from energyguide.run.operations import Passes, measured, of_losses, trained

MOMENTS = {"adamw": 2, "sgd": 1}  # numbers that the optimiser keeps for each parameter


def of_training(experiment, passes, name, network):
    """Bytes of a training: a pass with its gradients, moments and average of the parameters."""
    batch = network.training.batch
    if network.kind == "ddgan":
        count = passes.parameters(name, passes.adversaries)
        held = of_losses(experiment, passes, name, Memory(), batch=batch).most
    else:
        count, held = passes.parameters(name), passes.memory(name, "training", batch)
    return held + 4 * count * (MOMENTS[network.training.optimizer] + bool(network.training.ema_images))


def of_sampling(experiment, passes, variant):
    """Bytes of a step of a batch: of the model's evaluations at once, or of the gradient by the classifier."""
    guidance = find_guidance(variant.dump(), max(variant.grid), Models(classes=experiment.data.classes))
    (of_model, of_classifier), batch = guidance.evaluations, experiment.sampling.batch
    gradient = passes.memory(variant.guide, "gradient", batch) if of_classifier else 0
    return max(passes.memory(variant.model.partition("@")[0], "forward", of_model * batch), gradient)


def memory(experiment, images, passes=None):
    """Bytes on the GPU that the largest job of each rule needs, in float32: networks, and the images that lie there."""
    passes, largest = passes or Passes(experiment), Counter()
    pixels, eps = math.prod(passes.shape), [*experiment.classifiers.radii]

    def most(names, kind):
        return max((passes.memory(name, kind, BATCH) for name in names), default=0)

    for name, network in trained(experiment):
        held = of_training(experiment, passes, name, network) + 4 * pixels * images["train"]
        largest[network.kind] = max(largest[network.kind], held)
    return largest | {
        "sample": max(of_sampling(experiment, passes, variant) for variant in experiment.sampled.values()),
        "metrics": most(["judge", experiment.metrics.classifier], "forward"),
        "reference": most(["judge"], "forward"),
        "robustness": most(eps, "gradient") + 4 * pixels * images["test"],
        "autoattack": most(eps, "gradient") + 4 * pixels * images["test"],
        "corruptions": most(eps, "forward") + 4 * pixels * images["test"],
        "energy": most(eps, "forward") + 4 * pixels * images["train"],
        "likelihood": most(measured(experiment), "forward") + 4 * pixels * images["test"],
    }
