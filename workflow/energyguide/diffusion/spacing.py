"""Which timesteps of a process are kept (DDIM, app. D.2). In whole numbers: the configuration is checked by it too."""

SPACINGS = ("uniform", "quadratic", "trailing")


def kept_timesteps(total, steps, spacing="uniform"):
    """`steps` timesteps of `total`, ascending: floor(c i), or floor(c i^2) up to 80 % of the way.

    "trailing" keeps the last timestep, and floor(c i) - 1 before it: for few steps, which are to begin at pure noise.

    Raises ValueError if there are fewer than `steps`, or the spacing would use a timestep twice.
    """
    if spacing == "uniform":
        chosen = [i * total // steps for i in range(steps)]
    elif spacing == "trailing":
        chosen = [(i + 1) * total // steps - 1 for i in range(steps)]
    elif spacing == "quadratic":
        chosen = [4 * total * i * i // (5 * max(1, steps - 1) ** 2) for i in range(steps)]
    else:
        raise ValueError(f"spacing {spacing!r} is unknown; choose one of {', '.join(SPACINGS)}")
    if steps > total or len(set(chosen)) < steps:
        raise ValueError(f"{steps} {spacing} steps do not fit into a schedule of {total}; ask for fewer steps")
    return chosen
