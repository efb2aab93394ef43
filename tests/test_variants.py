"""Variants as an experiment states them, sampled where every network's answer is known."""

import pytest
import torch
from project import resolved

from energyguide.diffusion.denoisers.diffusion import with_process
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.sampling import Request, walk

PROCESS = {"steps": 1000, "beta_start": 1e-4, "beta_end": 0.02}
DDIM = {"label": "DDIM form", "guidance": "classifier", "sampler": "ddim", "unit": "eps", "clip": False}
SIGMOID = {"y0": 0.1, "k": 0.01, "t0": 500}
BLOCKS = {
    "classifier-ddim": {**DDIM, "model": "unconditional", "classifier": "eps0.5", "scales": [1, 4]},
    "time-unconditional": {**DDIM, "model": "unconditional", "classifier": "time-vanilla", "scales": [1, 2, 4]},
    "time-conditional": {**DDIM, "model": "conditional", "classifier": "time-vanilla", "scales": [0, 1, 3]},
    "energy-plain": {
        "label": "Energy of the plain classifier",
        "guidance": "energy",
        "model": "unconditional",
        "classifier": "eps0",
        "unit": "sigmoid",
        "sigmoid": SIGMOID,
        "scales": [0.1],
    },
    "joint-energy-marginal": {
        "label": "Joint energy, other target",
        "guidance": "joint",
        "model": "unconditional",
        "classifier": "eps0.5",
        "unit": "sigmoid",
        "sigmoid": SIGMOID,
        "lambda": 0.5,
        "target": "E(x)",
        "scales": [0.1],
    },
}


@pytest.fixture(scope="module")
def variants():
    return resolved("digits", variants=BLOCKS).variants


@pytest.fixture
def states(mixture, variants):
    """A function of a variant and a scale: the steps of 30 samples of the mixture."""
    networks = {"unconditional": mixture.unconditional, "conditional": mixture.conditional}
    means = {kind: torch.tensor([0.5, 2.0, 4.0]).double() for kind in ("E(x,y)", "E(x)")}
    models = Models(lambda x, t: mixture.logits(x, mixture.table[t].item()), means, mixture.classes)

    def drawn(name, scale):
        spec = variants[name].dump()
        denoiser = with_process(networks[spec["model"]], PROCESS)
        return list(walk(denoiser, Request(range(30), (1, 1, 2), mixture.classes, 0, "cpu"), spec, scale, models))

    return drawn


@pytest.mark.parametrize("scale", BLOCKS["classifier-ddim"]["scales"])
def test_the_ddim_form_of_guidance_is_dhariwal_and_nichols_algorithm_2(mixture, states, scale):
    """eps^ = eps - s sqrt(1 - abar) grad log p(y | x_t), and a deterministic step with it in the place of eps."""
    for state, after in zip(steps := states("classifier-ddim", scale), [*steps[1:], None], strict=True):
        score, given = (mixture.score(state.x_t, state.abar, y) for y in (None, state.y))
        guided = -((1 - state.abar) ** 0.5) * (score + scale * (given - score))
        abar_prev = after.abar if after else 1.0
        image = (state.x_t - (1 - state.abar) ** 0.5 * guided) / state.abar**0.5
        torch.testing.assert_close(state.x_prev, abar_prev**0.5 * image + (1 - abar_prev) ** 0.5 * guided, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("w", BLOCKS["time-conditional"]["scales"])
def test_weight_w_on_the_conditional_model_is_w_plus_1_on_the_unconditional_one(states, w):
    """Where classifier and models agree (Ho and Salimans 2022, sec. 3.1), the two variants draw the same samples."""
    assert w + 1 in BLOCKS["time-unconditional"]["scales"]
    given, without = states("time-conditional", w)[-1], states("time-unconditional", w + 1)[-1]
    torch.testing.assert_close(given.x_prev, without.x_prev, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["energy-plain", "joint-energy-marginal"])
def test_other_variants_are_accepted_and_guide(states, variants, name):
    assert variants[name].needs_energies == (name == "joint-energy-marginal")
    moved = (states(name, 0.1)[-1].x_prev - states(name, 0.0)[-1].x_prev).abs().flatten(1).amax(1)
    assert (moved > 1e-3).all()
