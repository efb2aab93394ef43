"""The strength of guidance, by which variants of different units can be compared, and the scale that gives it."""

import math

import torch

TOLERANCE = 0.05  # how far from the strength asked for, as a share of it, a scale may lead
MOST = 30  # walks


def length(shift):
    """The mean length of shifts (sample, ...); 0 where nothing guides."""
    return shift.flatten(1).norm(dim=1).mean() if torch.is_tensor(shift) else torch.zeros(())


def strength(states):
    """Mean length of the shift of the mean over sigma_t, along a walk and over its samples; steps without noise do not count.

    Infinite where samples cease to be finite.
    """
    with torch.no_grad():
        lengths = [length(state.shift) / state.sigma for state in states if state.sigma]
    mean = torch.stack(lengths).double().mean().item()
    return mean if math.isfinite(mean) else math.inf


def calibrate(measure, wanted):
    """The scale that gives a strength within `TOLERANCE`, and the strength that it gives.

    The strength grows with the scale, but less than it: the gradient fades where guidance has led. So the search is by the
    secant on logarithms, kept between the scales that gave too little and too much.

    Args:
        measure: scale -> strength, from 0 for no guidance to infinity where samples cease to be finite.
        wanted: the strength, above 0.

    Raises ValueError if `MOST` walks do not find it: it may jump over the strength, or never reach it.
    """
    low, high = -math.inf, math.inf  # logarithms of scales
    tried, x = {}, 0.0
    for _ in range(MOST):
        tried[x] = measure(math.exp(x)) / wanted
        if abs(tried[x] - 1) <= TOLERANCE:
            return math.exp(x), tried[x] * wanted
        low, high = (max(low, x), high) if tried[x] < 1 else (low, min(high, x))
        last, x = x, following(tried, low, high, x)
    raise ValueError(f"no scale gives a strength of {wanted:g}: at {math.exp(last):.3g} it is {wanted * tried[last]:.3g}")


def following(tried, low, high, x):
    """The next logarithm of a scale to try, after `x`."""
    if math.isinf(high - low):
        step = -math.log(tried[x]) if 0 < tried[x] < math.inf else math.copysign(math.inf, 1 - tried[x])
        return x + max(-5.0, min(5.0, 1.5 * step))
    y = {end: math.log(tried[end]) if 0 < tried[end] < math.inf else math.nan for end in (low, high)}
    at = low - y[low] * (high - low) / (y[high] - y[low])
    edge = 0.1 * (high - low)
    return min(max(at, low + edge), high - edge) if math.isfinite(at) else (low + high) / 2
