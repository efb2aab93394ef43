"""Networks in files: weights, and beside them the arguments of the network they belong to."""

from energyguide.storage import load_weights, read_sidecar, save_weights


def save(path, weights, arguments, **info):
    """Write a state dict, and the keyword `arguments` that its network was made with."""
    save_weights(path, weights, network=arguments, **info)


def load(network, path, where):
    """A `network` (a class) with the weights at `path`, in evaluation mode without parameter gradients.

    Raises ValueError where the file is damaged.
    """
    weights = load_weights(path)
    model = network(**read_sidecar(path)["network"])
    model.load_state_dict(weights)
    return model.to(where).eval().requires_grad_(False)
