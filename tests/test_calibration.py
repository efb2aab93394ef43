"""The strength of guidance, and the scale that gives it: on functions whose answer is known, and on a Gaussian mixture."""

import math

import pytest
import torch
from test_guidance import walk

from energyguide.diffusion.calibration import TOLERANCE, calibrate, strength

CURVES = {  # scale -> strength, and how many walks may look for it
    "in proportion": (lambda s: 7 * s, 3),
    "fading": (lambda s: 300 * s / (1 + 10 * s), 8),
    "as the root": (math.sqrt, 8),
    "steep": (lambda s: (s / 1e4) ** 3, 8),
    "breaking": (lambda s: 20 * s if s < 1.6 else math.inf, 10),
    "nothing at first": (lambda s: max(0.0, 5 * (s - 10)), 20),
}


@pytest.mark.parametrize("wanted", [0.3, 2, 25])
@pytest.mark.parametrize("name", CURVES)
def test_the_scale_is_found_in_few_walks(name, wanted):
    curve, most = CURVES[name]
    tried = []

    def measure(scale):
        tried.append(scale)
        return curve(scale)

    scale, found = calibrate(measure, wanted)
    assert math.isclose(found, curve(scale)) and abs(found / wanted - 1) <= TOLERANCE and len(tried) <= most


@pytest.mark.parametrize("curve", [math.tanh, lambda s: 1 if s < 3 else 5, lambda s: math.inf])
def test_a_strength_that_no_scale_gives_is_refused(curve):
    with pytest.raises(ValueError, match="no scale gives a strength of 2: at "):
        calibrate(curve, 2)


@pytest.mark.parametrize("unit", ["sigma", "sigma2", "standard", "sigmoid"])
def test_one_strength_is_the_same_shift_in_every_unit(mixture, unit):
    """By hand: the mean over the steps that have noise, and over samples, of the length of scale * unit * gradient over sigma."""

    def measure(scale):
        return strength(walk(mixture.unconditional, mixture, "classifier", scale, unit))

    scale, found = calibrate(measure, 0.5)
    lengths = []
    for state in walk(mixture.unconditional, mixture, "classifier", scale, unit):
        if state.sigma:
            lengths += (state.shift.flatten(1).norm(dim=1) / state.sigma).tolist()
    assert math.isclose(found, sum(lengths) / len(lengths), rel_tol=1e-9) and abs(found - 0.5) <= 0.5 * TOLERANCE


def test_a_walk_that_breaks_is_infinitely_strong(mixture):
    assert strength(walk(mixture.unconditional, mixture, "energy", 1e300, "standard")) == math.inf
    assert torch.is_grad_enabled()
