"""Networks in files: weights, and in their sidecar the name and arguments of the network.

The name has the module below `nets` and the class: `unet.UNet`. Only that module is imported.
"""

import re
from importlib import import_module

from energyguide.files.arrays import load_weights, read_sidecar, save_weights, sidecar

NAME = re.compile(r"([a-z_]+)\.([A-Za-z]+)")


def module_of(architecture):
    """The module of a network, by its name. Raises ValueError for what cannot be one."""
    if not NAME.fullmatch(architecture):
        raise ValueError(f"{architecture!r} is no network; a name is like `unet.UNet`, of a module and a class below nets/")
    return import_module(f"energyguide.nets.{architecture.partition('.')[0]}")


def build(architecture, arguments):
    """A new network, by its name and keyword arguments. Raises ValueError if there is no such network."""
    module, name = module_of(architecture), architecture.partition(".")[2]
    if not hasattr(module, name):
        raise ValueError(f"{architecture!r} is no network: {module.__name__} has no {name}")
    return getattr(module, name)(**arguments)


def save(path, weights, architecture, arguments, **info):
    """Write a state dict of the network `build(architecture, arguments)`."""
    save_weights(path, weights, architecture=architecture, network=arguments, **info)


def architecture_of(path):
    """The name of the network that the weights at `path` belong to."""
    return read_sidecar(path)["architecture"]


def load(path, device):
    """The network saved at `path`, in evaluation mode without parameter gradients.

    Raises ValueError if the file is damaged, or says that it is of a network that is not there.
    """
    info = read_sidecar(path)
    if not {"architecture", "network"} <= info.keys():
        raise ValueError(f"{sidecar(path)} does not say of which network the weights are; delete it and {path}, and run again")
    weights = load_weights(path)
    model = build(info["architecture"], info["network"])
    model.load_state_dict(weights)
    return model.to(device).eval().requires_grad_(False)
