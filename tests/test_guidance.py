import math

import pytest
import torch
from scipy.special import expit

from energyguide.config.names import modules
from energyguide.diffusion.guides import evaluations, find_guidance, load_models
from energyguide.diffusion.hooks import Guidance, Models, State
from energyguide.diffusion.samplers import reverse
from energyguide.diffusion.schedule import linear_schedule, respace
from energyguide.diffusion.units import UNITS, sigmoid
from energyguide.files.atomic import write_json
from energyguide.nets.weights import build, save

SCHEDULE = respace(linear_schedule(), 20)
SIGMOID = {"y0": 0.1, "k": 0.01, "t0": 500}
UNIT_FORMULAS = {
    "sigma": lambda state: state.sigma,
    "sigma2": lambda state: state.sigma**2,
    "standard": lambda state: math.sqrt(1 - state.abar),
    "sigmoid": lambda state: 0.9 / (1 + math.exp(-0.01 * (state.t - 500))) + 0.1,
    "eps": lambda state: math.sqrt(1 - state.abar),
}
FILES = {"classifier": "c.safetensors", "energy": "e.json", "weak": "w.safetensors"}
CLASS_ENERGY = {"E(x,y)": torch.tensor([0.5, 2.0, 4.0]).double(), "E(x)": torch.tensor([1.5, 0.5, 1.0]).double()}


def walk(
    network, mixture, name="unguided", scale=0.0, unit="eps", at="x_t", target="E(x,y)", normaliser=0, interval=None, **options
):
    generator = torch.Generator().manual_seed(2)
    x, *noise = torch.randn(21, 30, 1, 1, 2, generator=generator, dtype=torch.float64)
    spec = {"guidance": name, "unit": unit, "at": at, "lambda": 0.3, "w": 0.5, "target": target, "sigmoid": SIGMOID}
    spec |= {"normaliser": normaliser} | ({"interval": interval} if interval else {})
    logits, weak = lambda x, t: mixture.logits(x, mixture.table[t].item()), mixture.unconditional
    hook = find_guidance(spec, scale, Models(logits, CLASS_ENERGY, 3, weak))
    options = {"sampler": "ddpm", "variance": "large", "clip": False} | options
    return reverse(network, SCHEDULE, x, torch.arange(30) % 3, lambda index: noise[index], hook, **options)


def descent(mixture, name, x, y, abar, target="E(x,y)"):
    """The gradient that a variant follows, by hand: minus that of its energy."""
    scores = mixture.scores(x, abar)
    of_y = scores[torch.arange(len(x)), y]
    of_all = (mixture.logits(x, abar).softmax(1)[:, :, None] * scores).sum(1)
    sign = (-mixture.logits(x, abar).logsumexp(1) - CLASS_ENERGY[target][y]).sign()[:, None]
    return {"classifier": of_y - of_all, "energy": of_y, "joint": of_y + 0.3 * sign * of_all}[name].view_as(x)


def test_every_unit_is_checked_here():
    assert set(UNIT_FORMULAS) == set(UNITS)


@pytest.mark.parametrize("k", [1e-6, 0.01, 1.0, 100.0, 1e300])
def test_the_sigmoid_is_the_logistic_function_and_a_step_where_it_is_steep(k):
    """With k (t - t0) beyond 710 an exponential overflows."""
    for t in (0.0, 499.0, 500.0, 501.0, 999.0):
        assert sigmoid(t, y0=0.1, k=k, t0=500) == pytest.approx(0.9 * expit(k * (t - 500)) + 0.1, rel=1e-14)


@pytest.mark.parametrize("name", ["classifier", "energy", "joint"])
@pytest.mark.parametrize("unit", UNIT_FORMULAS)
@pytest.mark.parametrize("at", ["x_t", "x0"])
def test_shift_is_unit_times_gradient(mixture, name, unit, at):
    """In each unit but `eps` the mean moves by s * unit * gradient; in `eps` the noise does, by minus that."""
    for state in walk(mixture.unconditional, mixture, name, 0.5, unit, at):
        predicted = mixture.unconditional(state.x_t, torch.full((30,), state.t), None)
        x, abar = state.x_t, state.abar
        if at == "x0":  # where a time-dependent classifier is told 0
            abar = mixture.table[0].item()
            x = (x - math.sqrt(1 - state.abar) * predicted) / math.sqrt(state.abar)
        expected = 0.5 * UNIT_FORMULAS[unit](state) * descent(mixture, name, x, state.y, abar)
        if unit == "eps":
            torch.testing.assert_close(state.eps, predicted - expected, rtol=1e-9, atol=1e-9)
            assert state.shift == 0
        else:
            torch.testing.assert_close(state.shift, expected, rtol=1e-9, atol=1e-9)
            assert torch.equal(state.eps, predicted)


@pytest.mark.parametrize("w", [0, 0.5, 1])
def test_the_weight_of_the_normaliser_leads_from_the_energy_to_the_posterior(mixture, w):
    for state in walk(mixture.unconditional, mixture, "energy", 0.5, "standard", normaliser=w):
        energy, posterior = (descent(mixture, name, state.x_t, state.y, state.abar) for name in ("energy", "classifier"))
        expected = 0.5 * UNIT_FORMULAS["standard"](state) * ((1 - w) * energy + w * posterior)
        torch.testing.assert_close(state.shift, expected, rtol=1e-9, atol=1e-9)


def test_the_target_of_the_joint_energy_is_the_one_that_is_asked_for(mixture):
    """The two readings pull E(x) to opposite sides where it lies between their targets."""
    apart = 0
    for state in walk(mixture.unconditional, mixture, "joint", 0.5, "standard", target="E(x)"):
        expected, other = (descent(mixture, "joint", state.x_t, state.y, state.abar, target) for target in ("E(x)", "E(x,y)"))
        torch.testing.assert_close(state.shift, 0.5 * UNIT_FORMULAS["standard"](state) * expected, rtol=1e-9, atol=1e-9)
        apart += (expected != other).any()
    assert apart


@pytest.mark.parametrize("options", [{"sampler": "ddim"}, {"sampler": "ddim", "eta": 1.0}, {"sampler": "dpm"}])
@pytest.mark.parametrize("w", [0.0, 0.7, 3.0])
def test_classifier_guidance_of_the_conditional_score_needs_one_less(mixture, w, options):
    """grad log p(x|y) = grad log p(x) + grad log p(y|x): scale w + 1 without the class is scale w with it (Ho, eq. 5)."""
    without = list(walk(mixture.unconditional, mixture, "classifier", w + 1, **options))
    given = list(walk(mixture.conditional, mixture, "classifier", w, **options))
    for a, b in zip(without, given, strict=True):
        torch.testing.assert_close(a.eps, b.eps, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(a.x_prev, b.x_prev, rtol=1e-9, atol=1e-9)


def test_sigma2_shift_is_the_conditional_mean_up_to_sqrt_alpha(mixture):
    """DDPM's mean takes beta / sqrt(alpha) of the score, Dhariwal and Nichol's algorithm 1 takes beta ("large")."""
    betas, alphas = SCHEDULE.betas.tolist(), (1 - SCHEDULE.betas).tolist()
    for state in walk(mixture.unconditional, mixture, "classifier", 1.0, "sigma2"):
        eps = mixture.conditional(state.x_t, torch.full((30,), state.t), state.y)
        beta, alpha = betas[state.index], alphas[state.index]
        conditional = (state.x_t - beta / math.sqrt(1 - state.abar) * eps) / math.sqrt(alpha)
        unguided = state.mean - state.shift
        torch.testing.assert_close(unguided + state.shift / math.sqrt(alpha), conditional, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["classifier", "energy", "joint"])
@pytest.mark.parametrize("unit", UNIT_FORMULAS)
def test_scale_zero_is_unguided(mixture, name, unit):
    for free, zero in zip(
        walk(mixture.unconditional, mixture), walk(mixture.unconditional, mixture, name, 0.0, unit), strict=True
    ):
        assert torch.equal(free.x_prev, zero.x_prev)


GUIDED = [name for name in modules("diffusion/guidance") if name != "unguided"]


@pytest.mark.parametrize("name", GUIDED)
@pytest.mark.parametrize("unit", ["eps", "standard"])
def test_guidance_acts_in_its_interval_alone(mixture, name, unit):
    """An interval of all timesteps changes no bit; one between two timesteps leaves the walk unguided."""

    def states(name, interval=None):
        return list(walk(mixture.joint, mixture, name, 0.5, unit, interval=interval))

    free, guided = states("unguided"), states(name)
    for interval, same in (([0, 999], guided), ([1, 49], free)):
        assert all(torch.equal(a.x_prev, b.x_prev) for a, b in zip(states(name, interval), same, strict=True))
    for state in states(name, [200, 500]):  # both ends are timesteps
        predicted = mixture.joint(state.x_t, state.timesteps, state.y)
        acts = torch.is_tensor(state.shift) or not torch.equal(state.eps, predicted)
        assert acts == (200 <= state.t <= 500)


@pytest.mark.parametrize(("name", "each"), [("classifier_free", (2, 0)), ("autoguidance", (2, 0)), ("energy", (1, 1))])
def test_evaluations_of_a_walk_are_those_of_its_steps(name, each):
    spec, timesteps = {"guidance": name, "unit": "eps", "at": "x_t"}, SCHEDULE.timesteps.tolist()
    assert evaluations(spec, 1.0, Models(), timesteps) == [20 * n for n in each]
    inside = evaluations(spec | {"interval": [200, 500]}, 1.0, Models(), timesteps)  # 7 of the 20 timesteps
    assert inside == [7 * each[0] + 13, 7 * each[1]]


def test_guidance_raises_the_probability_of_the_class(mixture):
    def right(name):
        *_, state = walk(mixture.unconditional, mixture, name, 1.0, sampler="ddim", eta=0.0)
        return (mixture.logits(state.x_prev, 1.0).argmax(1) == state.y).double().mean()

    assert right("unguided") < 0.7
    assert right("classifier") > 0.95


def test_guidance_works_where_gradients_are_off(mixture):
    with torch.no_grad():
        states = list(walk(mixture.unconditional, mixture, "energy", 1.0, "sigma"))
    assert states[0].shift.abs().max() > 0
    assert not any(state.x_prev.requires_grad for state in states)


def test_models_come_from_files(tmp_path):
    arguments = {"channels": 1, "classes": 2, "block": "basic", "layers": [1], "width": 4}
    model = build("resnet.CifarResNet", arguments)
    save(tmp_path / "c.safetensors", model.state_dict(), "resnet.CifarResNet", arguments)
    means = {"E(x,y)": [-1.5, 2], "E(x)": [-2.5, 1]}
    kinds = {kind: {"classes": {"cat": {"mean": cat}, "dog": {"mean": dog}}} for kind, (cat, dog) in means.items()}
    write_json(tmp_path / "e.json", kinds)
    unet = {"channels": 1, "size": 4, "classes": 2, "width": 4, "multipliers": [1], "blocks": 1, "attention": [], "dropout": 0.0}
    weak = build("unet.UNet", unet)
    torch.nn.init.normal_(weak.head[-1].weight)
    save(tmp_path / "w.safetensors", weak.state_dict(), "unet.UNet", unet)
    files = {name: tmp_path / file for name, file in FILES.items()}
    models = load_models(files, 3, "cpu")
    x = torch.rand(3, 1, 4, 4)
    torch.testing.assert_close(models.logits(2 * x - 1, 7), model.eval()(x))
    assert {kind: values.tolist() for kind, values in models.class_energy.items()} == means
    t, y = torch.arange(3), torch.arange(3) % 2
    torch.testing.assert_close(models.weak(x, t, y), weak.eval()(x, t, y))
    assert load_models({"model": "m.safetensors", "weak": None}, 3, "cpu") == Models(classes=3)


def test_autoguidance_extrapolates_from_the_weaker_model(mixture):
    """Where the weaker one does not know the class, it is classifier-free guidance; where both are equal, it is none at all."""
    x, t, y = torch.randn(4, 1, 1, 2).double(), torch.full((4,), 500), torch.arange(4) % 3
    state = State(index=0, t=500, timesteps=t, abar=0.5, sigma=0.0, y=y, x_t=x)
    free = find_guidance({"guidance": "classifier_free"}, 2.0, Models(classes=3)).predict(mixture.joint, state)
    auto = find_guidance({"guidance": "autoguidance"}, 2.0, Models(weak=mixture.unconditional))
    torch.testing.assert_close(auto.predict(mixture.conditional, state), free)
    assert auto.evaluations == (2, 0)
    equal = find_guidance({"guidance": "autoguidance"}, 2.0, Models(weak=mixture.conditional))
    assert torch.equal(equal.predict(mixture.conditional, state), mixture.conditional(x, t, y))
    none = find_guidance({"guidance": "autoguidance"}, 0.0, Models(weak=mixture.unconditional))
    assert torch.equal(none.predict(mixture.conditional, state), mixture.conditional(x, t, y)) and none.evaluations == (1, 0)


@pytest.mark.parametrize("w", [0.5, 3.0])
def test_classifier_free_guidance_is_guidance_by_the_implicit_classifier(mixture, w):
    """Where both scores are exact, eps~ with w equals classifier guidance of the conditional model at scale w, at each step."""
    hook = find_guidance({"guidance": "classifier_free"}, w, Models(classes=3))
    x, *noise = torch.randn(21, 30, 1, 1, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    options = {"sampler": "ddim", "eta": 1.0, "clip": False}
    free = reverse(mixture.joint, SCHEDULE, x, torch.arange(30) % 3, lambda index: noise[index], hook, **options)
    guided = walk(mixture.conditional, mixture, "classifier", w, "eps", **options)
    for ours, theirs in zip(free, guided, strict=True):
        torch.testing.assert_close(ours.eps, theirs.eps, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(ours.x_prev, theirs.x_prev, rtol=1e-9, atol=1e-9)


def test_classifier_free_guidance_makes_one_call_a_step_and_none_twice_at_scale_0(mixture):
    calls = []

    def network(x, t, y):
        calls.append(len(x))
        return mixture.joint(x, t, y)

    x, t, y = torch.randn(4, 1, 1, 2).double(), torch.full((4,), 500), torch.arange(4) % 3
    state = State(index=0, t=500, timesteps=t, abar=0.5, sigma=0.0, y=y, x_t=x)
    eps = find_guidance({"guidance": "classifier_free"}, 2.0, Models(classes=3)).predict(network, state)
    expected = 3 * mixture.conditional(x, t, y) - 2 * mixture.unconditional(x, t, None)
    torch.testing.assert_close(eps, expected)
    still = find_guidance({"guidance": "classifier_free"}, 0.0, Models(classes=3))
    torch.testing.assert_close(still.predict(network, state), mixture.conditional(x, t, y))
    assert calls == [8, 4] and still.evaluations == (1, 0)


def test_guidance_functions_add_up(mixture):
    """Both act as alone: the prediction is the classifier-free one, and the mean moves by what energy guidance adds there."""
    spec = {"unit": "sigmoid", "sigmoid": SIGMOID, "at": "x_t", "w": 0.7}
    models = Models(lambda x, t: mixture.logits(x, mixture.table[t].item()), classes=3)
    both = find_guidance(spec | {"guidance": "free_and_energy"}, 0.5, models)
    assert both.evaluations == (2, 1)
    x, *noise = torch.randn(21, 30, 1, 1, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for state in reverse(mixture.joint, SCHEDULE, x, torch.arange(30) % 3, lambda index: noise[index], both, clip=False):
        t = torch.full((30,), state.t)
        eps = 1.7 * mixture.conditional(state.x_t, t, state.y) - 0.7 * mixture.unconditional(state.x_t, t)
        torch.testing.assert_close(state.eps, eps)
        shift = 0.5 * UNIT_FORMULAS["sigmoid"](state) * descent(mixture, "energy", state.x_t, state.y, state.abar)
        torch.testing.assert_close(state.shift, shift)


def test_sums_of_guidance_commute_and_refuse_two_predictions():
    def adds(eps, mean):
        return Guidance(eps=lambda state: eps, mean=lambda state: mean, evaluations=(1, 1))

    both = adds(1, 10) + adds(2, 20)
    assert (both.eps(None), both.mean(None), both.evaluations) == (3, 30, (1, 2))
    free = find_guidance({"guidance": "classifier_free"}, 1.0, Models(classes=3))
    assert (free + adds(1, 1)).predict is (adds(1, 1) + free).predict is free.predict
    with pytest.raises(ValueError, match="two guidance functions that replace the prediction"):
        free + free
