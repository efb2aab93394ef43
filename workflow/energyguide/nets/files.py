"""Networks in files: weights, and beside them the network they belong to, by its name and arguments."""

from energyguide.storage import load_weights, read_sidecar, save_weights, sidecar


def save(path, weights, network, arguments, **info):
    """Write a state dict of a `network` (a class) that was made with these keyword `arguments`."""
    save_weights(path, weights, architecture=network.__name__, network=arguments, **info)


def architecture(path):
    """The name of the class of network that the weights at `path` belong to."""
    return read_sidecar(path)["architecture"]


def load(network, path, where):
    """A `network` (a class) with the weights at `path`, in evaluation mode without parameter gradients.

    Raises ValueError where the file is damaged, or of another network.
    """
    if architecture(path) != network.__name__:
        raise ValueError(f"{path} holds a {architecture(path)} (says {sidecar(path)}), not a {network.__name__}")
    weights = load_weights(path)
    model = network(**read_sidecar(path)["network"])
    model.load_state_dict(weights)
    return model.to(where).eval().requires_grad_(False)
