"""A classifier from its weights, as a function of images and timestep."""

from energyguide.nets.device import accelerated
from energyguide.nets.weights import architecture_of, load, module_of


def load_classifier(path, device, acceleration=None):
    """(images (batch, channel, height, width) in the scale of [-1, 1], timestep) -> logits (batch, class).

    How a network becomes such a function says `at_time` in its module; classifiers of images ignore the timestep.
    `acceleration` is the configuration's block of that name.
    """
    network = accelerated(load(path, device), device, acceleration, fixed=True)
    return module_of(architecture_of(path)).at_time(network)
