import pytest
import torch
import torchattacks
from torch import nn

from energyguide.classifiers.attacks import BALLS, L2, Linf, l2_norm, pgd
from energyguide.classifiers.corruptions import darkness, gaussian_noise, noise_grid
from energyguide.classifiers.robustness import accuracy
from energyguide.classifiers.synthesis import class_seeds, synthesise
from energyguide.nets.passes import frozen

STEPS = 7
PEERS = [
    (L2(0.5), torchattacks.PGDL2),
    (L2(1.5), torchattacks.PGDL2),
    (Linf(0.03), torchattacks.PGD),
    (Linf(0.2), torchattacks.PGD),
]


@pytest.fixture
def target():
    """A small smooth network in double precision, images, and labels of which about a fifth are wrong."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.Tanh(), nn.Flatten(), nn.Linear(96, 4)).double()
    x = torch.rand(60, 1, 6, 6, dtype=torch.float64)
    x[::3] = (x[::3] > 0.5).double()  # at the ends of the range, where clamping matters
    with frozen(model):
        model[-1].bias -= model(x).mean(0)  # so that all classes are predicted
        y = model(x).argmax(1)
    y[::5] = (y[::5] + 1) % 4
    return model, x, y


def attack(target, *arguments, **more):
    model, x, y = target
    with frozen(model):
        return pgd(model, x, y, *arguments, **more)


def fooled(target, attacked):
    model, _, y = target
    with frozen(model):
        return model(attacked).argmax(1) != y


@pytest.mark.parametrize("ball, theirs", PEERS)
def test_pgd_equals_torchattacks_and_stopping_early_is_never_weaker(target, ball, theirs):
    model, x, y = target
    expected = theirs(model, eps=ball.eps, alpha=2.5 * ball.eps / STEPS, steps=STEPS, random_start=False)(x, y)
    torch.testing.assert_close(attack(target, ball, STEPS), expected, rtol=0, atol=1e-6)
    stopped = fooled(target, attack(target, ball, STEPS, stop_when_fooled=True))
    assert (stopped | ~fooled(target, expected)).all()
    assert not torch.equal(expected, x)


@pytest.mark.parametrize("ball", [L2(0.5), Linf(0.1)])
def test_stopping_leaves_the_misclassified_alone(target, ball):
    _, x, _ = target
    wrong = fooled(target, x)
    assert 5 < wrong.sum() < 30
    attacked = attack(target, ball, STEPS, stop_when_fooled=True)
    assert torch.equal(attacked[wrong], x[wrong])
    assert (attacked[~wrong] != x[~wrong]).flatten(1).any(1).all()


def test_each_sample_is_attacked_on_its_own(target):
    model, x, y = target
    whole = attack(target, L2(0.5), STEPS, stop_when_fooled=True)
    for part in (slice(0, 1), slice(7, 20)):
        torch.testing.assert_close(attack((model, x[part], y[part]), L2(0.5), STEPS, stop_when_fooled=True), whole[part])


@pytest.mark.parametrize("ball", [L2(0.7), Linf(0.1)])
@pytest.mark.parametrize("targeted", [False, True])
def test_attack_stays_in_the_ball_and_in_the_range(target, ball, targeted):
    _, x, _ = target
    start = ball.random_point(torch.randn_like(x), torch.rand(len(x)).double())
    for more in ({}, {"start": start}, {"start": start, "stop_when_fooled": True}):
        attacked = attack(target, ball, STEPS, targeted=targeted, **more)
        assert size(ball, attacked - x).max() <= ball.eps * (1 + 1e-9)
        assert attacked.min() >= 0 and attacked.max() <= 1
    assert attack(target, ball, STEPS, valid=None).max() > 1


def size(ball, delta):
    return l2_norm(delta) if isinstance(ball, L2) else delta.abs()


def test_targeted_attack_reaches_its_class(target):
    model, x, _ = target
    goal = torch.full((len(x),), 2)
    before = ~fooled((model, x, goal), x)
    after = attack((model, x, goal), L2(3.0), 20, targeted=True, stop_when_fooled=True)
    assert before.double().mean() < 0.6
    assert (~fooled((model, x, goal), after)).double().mean() > 0.95
    assert torch.equal(after[before], x[before])


@pytest.mark.parametrize("eps, steps", [(0.0, 5), (0.5, 0)])
def test_no_attack_is_a_copy(target, eps, steps):
    _, x, _ = target
    attacked = attack(target, L2(eps), steps)
    assert torch.equal(attacked, x) and attacked.data_ptr() != x.data_ptr()


@pytest.mark.parametrize("ball", [L2(0.5), Linf(0.1)])
def test_projection_is_inside_and_idempotent(ball, generator):
    delta = torch.randn(50, 1, 4, 4, generator=generator, dtype=torch.float64) * torch.logspace(-3, 2, 50).view(-1, 1, 1, 1)
    projected = ball.project(delta)
    inside = size(ball, delta).flatten(1).amax(1) <= ball.eps
    assert 0 < inside.sum() < 50
    assert torch.equal(projected[inside], delta[inside])
    assert size(ball, projected).max() <= ball.eps * (1 + 1e-12)
    torch.testing.assert_close(ball.project(projected), projected, rtol=1e-12, atol=0)
    assert not ball.project(torch.zeros(1, 1, 2, 2)).any()


def test_starts_fill_the_ball(generator):
    noise = torch.randn(2000, 1, 2, 2, generator=generator, dtype=torch.float64)
    radius = torch.rand(2000, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(l2_norm(BALLS["l2"](0.5).random_point(noise, radius)).flatten(), 0.5 * radius)
    cube = BALLS["linf"](0.1).random_point(noise, radius)
    assert cube.abs().max() <= 0.1
    assert cube.std().item() == pytest.approx(0.2 / 12**0.5, rel=0.03)


@pytest.mark.parametrize("training", [True, False])
def test_frozen_puts_everything_back(target, training):
    model = target[0].train(training)
    model[0].weight.requires_grad_(False)
    statistics = model[1].running_mean.clone()
    with pytest.raises(RuntimeError), frozen(model):
        assert not model.training and not any(p.requires_grad for p in model.parameters())
        model(target[1])
        raise RuntimeError
    assert model.training == training == model[1].training
    assert [p.requires_grad for p in model.parameters()] == [False] + [True] * 5
    assert torch.equal(model[1].running_mean, statistics)


def test_accuracy_counts_what_the_attack_leaves(target, monkeypatch):
    model, x, y = target
    clean, attacked = 1 - fooled(target, x).double().mean(), attack(target, L2(0.3), STEPS, stop_when_fooled=True)
    assert accuracy(model, x, y) == pytest.approx(clean.item())
    robust = 1 - fooled(target, attacked).double().mean().item()
    assert 0 < robust < clean
    assert accuracy(model, x, y, L2(0.3), STEPS) == pytest.approx(robust)
    seeded = accuracy(model, x, y, L2(0.3), STEPS, seed=1)
    monkeypatch.setattr("energyguide.nets.passes.BATCH", 7)
    assert accuracy(model, x, y, L2(0.3), STEPS, seed=1) == seeded


def test_the_judge_says_what_is_fooled(target):
    """An approximation that takes every image that is right for fooled stops none of them; an exact one changes nothing."""
    model, x, y = target

    def doubting(z):
        logits = model(z)
        return logits - 1e6 * torch.nn.functional.one_hot(logits.argmax(1), 4)  # never what the model says

    expected = attack(target, L2(0.3), STEPS, stop_when_fooled=True)
    with frozen(model):
        judged = pgd(lambda z: model(z), x, y, L2(0.3), STEPS, stop_when_fooled=True, exact=model)
        torch.testing.assert_close(judged, expected)
        moved = l2_norm(pgd(doubting, x, y, L2(0.3), STEPS, stop_when_fooled=True, exact=model) - x).flatten()
        assert (moved[model(x).argmax(1) == y] > 0).all()
        assert accuracy(model, x, y, L2(0.3), STEPS, attacker=lambda z: model(z)) == accuracy(model, x, y, L2(0.3), STEPS)


def test_corruptions(target, generator):
    model, x, y = target
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    assert torch.equal(gaussian_noise(x, 0, noise), x)
    assert torch.equal(gaussian_noise(x, 0.1, noise), (x + 0.1 * noise).clamp(0, 1))
    assert torch.equal(darkness(x, 0), x) and not darkness(x, 1).any()
    torch.testing.assert_close(darkness(x, 0.3), 0.7 * x)
    grid = noise_grid(model, x, y, [0, 5], seed=0)
    assert list(grid) == ["0", "5"] and grid["0"] == accuracy(model, x, y) > grid["5"]


def test_seeds_have_mean_and_covariance_of_their_class(generator):
    """And synthesis moves them to their class, inside the ball."""
    mixing = 0.02 * torch.randn(2, 4, 4, generator=generator)
    images = 0.5 + torch.einsum("nki,kij->knj", torch.randn(300, 2, 4, generator=generator), mixing).reshape(600, 1, 2, 2)
    labels = torch.arange(2).repeat_interleave(300)
    seeds = class_seeds(images, labels, 2, 4000, seed=0)
    for k in range(2):
        have, want = (z.flatten(1).double() for z in (seeds[k * 4000 : (k + 1) * 4000], images[labels == k]))
        spread = want.std(0) / 4000**0.5
        assert ((have.mean(0) - want.mean(0)).abs() < 5 * spread).all()
        assert ((have.T.cov() - want.T.cov()).abs() < 5 * 1.5 * 4000**0.5 * spread[:, None] * spread).all()
    assert torch.equal(class_seeds(images, labels, 2, 3, seed=0)[3:], seeds[4000:4003])


def test_synthesis_reaches_the_classes(target):
    model, x, _ = target
    y = torch.arange(60) % 4
    with frozen(model):
        made = synthesise(model, x, y, L2(4.0), 20)
    assert (~fooled((model, x, y), made)).double().mean() > 0.9
    assert l2_norm(made - x).max() <= 4 + 1e-9
