"""How the text says things: lists, shares, and what follows from a comparison."""

NORMS = {"l2": r"$\ell_2$", "linf": r"$\ell_\infty$"}
WORDS = ("higher", "lower", "not distinguishable")


def listing(items):
    """1, 2 and 3."""
    items = list(map(str, items)) or ["--"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def percent(value):
    return rf"{100 * value:.1f}\%"


def at_point(spec, point):
    """A scale, or a strength, of a variant's as mathematics: s, or w of classifier-free guidance, or kappa."""
    symbol = r"\kappa" if "strengths" in spec else "w" if spec.get("unit") == "difference" else "s"
    return f"${symbol}={point:g}$"


def said(verdict, higher, lower, same):
    """One of three phrases, by the sign of a comparison (`metrics.statistics.verdicts`)."""
    return {1: higher, -1: lower, 0: same}[verdict]
