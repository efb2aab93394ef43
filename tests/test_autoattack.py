"""The attacks of AutoAttack, against closed forms and against torchattacks."""

import numpy as np
import pytest
import torch
import torchattacks
from torch import nn

from energyguide.classifiers.apgd import apgd, checkpoints, cross_entropy, targeted_dlr
from energyguide.classifiers.attacks import L2, Linf, pgd
from energyguide.classifiers.autoattack import STANDARD, Attacked, runs, spread, title, worst_case
from energyguide.classifiers.fab import fab, length, to_hyperplane
from energyguide.nets.passes import frozen

BALLS = [L2(0.6), Linf(0.06)]
NAMES = {"L2": L2, "Linf": Linf}
SPEC = {"steps": 40, "targets": 3, "queries": 100}


@pytest.fixture
def target():
    """A small smooth network, images of which many lie at the ends of the range, and the labels that it gives them."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.Tanh(), nn.Conv2d(6, 8, 3), nn.Tanh(), nn.Flatten(), nn.Linear(128, 5))
    x = torch.rand(60, 1, 8, 8)
    x[::3] = (x[::3] > 0.5).float()
    model[-1].bias.data -= model(x).mean(0)
    return model.requires_grad_(False), x, model(x).argmax(1)


def attacked(target, ball, *names, seed=0):
    """The images after each attack of these names, one after another."""
    model, x, y = target
    of = Attacked(model, x, y, torch.arange(len(x)), ball, seed)
    return [attack(of) for attack in runs(SPEC | {"attacks": names}, 5)]


@pytest.mark.parametrize("ball", BALLS)
@pytest.mark.parametrize("attack", STANDARD["attacks"])
def test_attacks_stay_in_the_ball_and_in_the_range(target, ball, attack):
    x = target[1]
    for z in attacked(target, ball, attack):
        assert length(ball, z - x).max() <= ball.eps * (1 + 1e-5)
        assert z.min() >= 0 and z.max() <= 1 and not torch.equal(z, x)


@pytest.mark.parametrize("attacks", [["apgd-ce"], ["apgd-t"], ["fab-t"], ["square"], STANDARD["attacks"]], ids="+".join)
@pytest.mark.parametrize("norm", NAMES)
def test_a_linear_classifier_is_robust_where_its_margins_say_so(norm, attacks, generator):
    """The distance to a class is the margin over the dual norm of the difference of weights, far from the ends of the range.

    Random search alone finds less, and apgd-ce alone can go towards a class that is not the nearest one.
    """
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 4)).requires_grad_(False)
    x = 0.5 + 0.02 * torch.randn(150, 1, 8, 8, generator=generator)
    model[1].weight.copy_(torch.randn(4, 64, generator=generator))
    model[1].bias.copy_(-(model[1].weight @ x.flatten(1).mean(0)))
    logits, weight = model(x), model[1].weight
    y = logits.argmax(1)
    difference = weight[None] - weight[y][:, None]
    dual = difference.norm(dim=2) if norm == "L2" else difference.abs().sum(2)
    distance = ((logits.gather(1, y[:, None]) - logits) / dual).scatter(1, y[:, None], torch.inf).amin(1)
    eps = distance.median().item()
    exact = (distance > eps).double().mean().item()
    found = worst_case(model, x, y, NAMES[norm](eps), SPEC | {"attacks": attacks}, 0)
    assert exact - 1e-9 <= found <= exact + {"apgd-ce": 0.1, "square": 0.5}.get(attacks[0] * (len(attacks) == 1), 0.007)
    assert found < 1


def stalled(losses, step, interval, best, k3):
    """What torchattacks has of this name, but that it compares the first loss with 0; here it is a rise."""
    before = np.vstack([np.full_like(losses[:1], -np.inf), losses])
    window = slice(step - interval + 1, step + 1)
    return (losses[window] > before[window]).sum(0) <= interval * k3


def theirs(target, ball, norm, rank):
    """torchattacks' Auto-PGD, targeted if there is a rank: fooled images, images of highest loss; and where it started from."""
    model, x, y = target
    shared = {"norm": norm, "eps": ball.eps, "steps": SPEC["steps"]}
    attack = torchattacks.APGDT(model, **shared) if rank else torchattacks.APGD(model, **shared)
    if rank:
        attack.target_class = rank + 1
    attack.check_oscillation = stalled
    torch.manual_seed(0)
    best, right, *_ = attack.attack_single_run(x, y)
    torch.manual_seed(0)
    noise = torch.randn(x.shape) if norm == "L2" else 2 * torch.rand(x.shape) - 1
    return ~right, best, ball.eps * noise / length(ball, noise)


@pytest.mark.parametrize("rank", [0, 1, 3])
@pytest.mark.parametrize("norm, eps", [("L2", 0.25), ("Linf", 0.04)])
def test_apgd_from_one_start_ends_where_that_of_torchattacks_ends(target, norm, eps, rank):
    model, x, y = target
    ball = NAMES[norm](eps)
    fooled, best, start = theirs(target, ball, norm, rank)
    goal = model(x).argsort(1)[:, -1 - rank] if rank else None
    z = apgd(model, x, y, ball, SPEC["steps"], targeted_dlr if rank else cross_entropy, start, goal)
    ours = model(z).argmax(1) != y
    assert 0.1 < fooled.float().mean() < 0.9 and (ours != fooled).sum() <= 1
    rest = ~ours & ~fooled
    distance = length(ball, z - best).flatten()[rest]
    assert len(distance) > 5 and distance.median() < 0.01 * eps  # rounding decides where a loss is level


@pytest.mark.parametrize("ball", BALLS)
def test_apgd_is_stronger_than_pgd(target, ball):
    model, x, y = target
    (z,) = attacked(target, ball, "apgd-ce")
    weaker = pgd(model, x, y, ball, 20)
    fooled, before = (model(images).argmax(1) != y for images in (z, weaker))
    assert fooled.sum() >= before.sum() > 5
    gain = (cross_entropy(model(z), y, y) - cross_entropy(model(weaker), y, y))[~fooled & ~before]
    assert len(gain) > 5 and gain.mean() > 0


def test_apgd_keeps_the_best_point_and_nears_a_peak_inside_the_ball():
    """The peak is grey. The first step, of twice the radius, goes far beyond it."""
    x, y = torch.full((2, 1, 4, 4), 0.51), torch.zeros(2, dtype=torch.int64)

    def model(z):
        return torch.cat([torch.ones(2, 1), z.flatten(1) - 0.5], 1)  # never fooled

    def peak(logits, y, target):
        return -(logits[:, 1:] ** 2).sum(1)

    first, last = (apgd(model, x, y, L2(1.0), steps, peak, torch.zeros_like(x)) for steps in (1, 100))
    assert torch.equal(first, x)
    assert (last - 0.5).abs().max() < 1e-3


def test_checkpoints_are_those_of_the_paper():
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints(1) == [1] and checkpoints(3) == [1, 2, 3]


@pytest.mark.parametrize("norm", NAMES)
def test_fab_ends_as_near_as_that_of_torchattacks(target, norm):
    model, x, y = target
    ball = NAMES[norm](10.0)
    peer = torchattacks.FAB(model, norm=norm, eps=ball.eps, steps=20, multi_targeted=True)
    peer.target_class = 2
    distances = [
        length(ball, z - x)
        for z in (
            peer.attack_single_run_targeted(x, y),
            fab(model, x, y, ball, 20, model(x).argsort(1)[:, -2]),
        )
    ]
    torch.testing.assert_close(distances[0], distances[1], rtol=2e-3, atol=1e-5)
    assert distances[1].min() > 0


@pytest.mark.parametrize("ball", BALLS)
def test_the_nearest_point_of_a_hyperplane_is_found_by_bisection_as_well(ball, generator):
    z, w = torch.rand(100, 20, generator=generator).double(), torch.randn(100, 20, generator=generator).double()
    w[:, :3] = 0
    want = 5 * torch.randn(100, generator=generator).double()  # some of it out of reach
    delta = to_hyperplane(ball, z, w, (w * z).sum(1) + want)
    low, high = torch.zeros(100, 1).double(), torch.full((100, 1), 1e4).double()
    direction = want.sign()[:, None] * (w if isinstance(ball, L2) else w.sign())

    def moved(time):
        return (z + time * direction).clamp(0, 1) - z

    for _ in range(60):
        middle = (low + high) / 2
        enough = (w * moved(middle)).sum(1, keepdim=True).abs() >= want.abs()[:, None]
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    torch.testing.assert_close(delta, moved(high), rtol=0, atol=1e-6)
    reached = ((w * delta).sum(1) - want).abs() < 1e-6
    assert 10 < reached.sum() < 100


@pytest.mark.parametrize("norm", NAMES)
def test_square_fools_about_as_many_as_that_of_torchattacks(target, norm):
    model, x, y = target
    ball = NAMES[norm]({"L2": 0.5, "Linf": 0.1}[norm])
    peer = torchattacks.Square(model, norm=norm, eps=ball.eps, n_queries=SPEC["queries"], resc_schedule=False)
    shares = [(model(z).argmax(1) != y).float().mean() for z in (peer(x, y), *attacked(target, ball, "square"))]
    assert 0.2 < shares[0] < 0.95 and abs(shares[0] - shares[1]) < 0.12


def test_the_ensemble_counts_what_every_attack_leaves_whatever_the_batch(target, monkeypatch):
    model, x, y = target
    y = torch.where(torch.arange(len(y)) % 8 == 0, (y + 1) % 5, y)  # not right to begin with
    spec, ball = SPEC | {"steps": 10, "queries": 20, "attacks": STANDARD["attacks"]}, L2(0.25)
    right, of = model(x).argmax(1) == y, Attacked(model, x, y, torch.arange(len(x)), ball, 0)
    for attack in runs(spec, 5):
        right &= model(attack(of)).argmax(1) == y
    share = worst_case(model, x, y, ball, spec, 0)
    assert share == pytest.approx(right.double().mean().item()) and 0 < share < 0.8
    alone = Attacked(model, x[7:9], y[7:9], torch.arange(7, 9), ball, 0)
    for attack in runs(spec, 5):
        torch.testing.assert_close(attack(alone), attack(of)[7:9], rtol=0, atol=1e-4)
    monkeypatch.setattr("energyguide.nets.passes.BATCH", 17)
    assert worst_case(model, x, y, ball, spec, 0) == share


@pytest.mark.parametrize("classes", [2, 3])
def test_few_classes_have_fewer_targets(classes):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, classes))
    x = torch.rand(20, 1, 8, 8)
    spec = SPEC | STANDARD | {"steps": 5, "queries": 5}
    assert len([*runs(spec, classes)]) == 2 + 2 * (classes - 1)
    with frozen(model):
        assert worst_case(model, x, model(x).argmax(1), L2(5.0), spec, 0) < 0.5


def test_titles_and_the_choice_of_images():
    assert title(STANDARD | {"images": 5}) == "AutoAttack"
    assert title(STANDARD | {"attacks": ["apgd-ce", "apgd-t"]}) == "APGD-CE and APGD-T"
    assert title(STANDARD | {"steps": 50}) == "APGD-CE, APGD-T, FAB-T and Square"
    assert spread(10, 4).tolist() == [0, 2, 5, 7] and spread(3, 9).tolist() == [0, 1, 2]
