"""Networks in files: weights, and beside them the arguments of the network they belong to."""

from energyguide.storage import check_sidecar, load_weights, save_weights


def save(path, weights, arguments, **info):
    """Write a state dict, and the keyword `arguments` that its network was made with."""
    save_weights(path, weights, network=arguments, **info)


def load(network, path, where):
    """A `network` (a class) with the weights at `path`, in evaluation mode without parameter gradients.

    Raises ValueError where the file is damaged.
    """
    model = network(**check_sidecar(path)["network"])
    model.load_state_dict(load_weights(path))
    return model.to(where).eval().requires_grad_(False)
