import os
import signal
import subprocess
import sys
from functools import partial

import pytest
import torch
from project import begun

from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.time_classifier import TimeClassifier
from energyguide.nets.unet import UNet
from energyguide.run.resume import Interrupted, ResumeState
from energyguide.training import loop
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.diffusion import DiffusionObjective
from energyguide.training.time_classifier import TimeClassifierObjective

CPU = torch.device("cpu")
AUGMENT = {"crop": 1, "flip": True, "jitter": 0.2}
STEPS = 8
SPEC = {
    "steps": STEPS,
    "batch": 6,
    "optimizer": "adamw",
    "lr": 0.01,
    "lr_end": 0.001,
    "lr_schedule": "cosine",
    "warmup": 2,
    "weight_decay": 0.01,
    "clip": 1.0,
    "ema_images": 0,
    "score_every": 0,
    "milestones": [],
}


def data(n=20, size=4):
    generator = torch.Generator().manual_seed(5)
    return torch.rand(n, 1, size, size, generator=generator), torch.arange(n) % 3


def diffusion(acceleration=None):
    model = UNet(1, 4, classes=3, width=4, multipliers=(1, 2), blocks=1, attention=(2,), dropout=0.2)
    return DiffusionObjective(model, linear_schedule(), 0.3, AUGMENT, CPU, acceleration)


def classifier(eps_train):
    model = CifarResNet(1, 3, "basic", (1,), width=4)
    return ClassifierObjective(model, eps_train, {"norm": "l2", "steps": 2}, AUGMENT, data(9), CPU)


def time_classifier():
    model = TimeClassifier(1, 4, classes=3, width=4, multipliers=(1, 2), blocks=1, attention=(2,), dropout=0.2)
    return TimeClassifierObjective(model, linear_schedule(), {"norm": "linf", "eps": 0.1, "steps": 2}, AUGMENT, CPU)


RUNS = {
    "diffusion": (diffusion, SPEC | {"ema_images": 30}),
    "accelerated": (partial(diffusion, {"bf16": True, "compiled": True}), SPEC | {"ema_images": 30}),
    "plain": (partial(classifier, 0), SPEC | {"optimizer": "sgd", "lr_schedule": "milestones", "milestones": [0.5], "clip": 0}),
    "robust": (partial(classifier, 0.5), SPEC | {"score_every": 3}),
    "time": (time_classifier, SPEC),
}


def run(name, folder, seed=0, init=0, before_step=lambda step: None, every=60):
    """Train from scratch, or on; `before_step` is called with the number of this attempt's step."""
    make, spec = RUNS[name]
    torch.manual_seed(init)
    objective = make()
    plain, count = objective.batch, iter(range(1000))

    def batch(x, y):
        before_step(next(count))
        return plain(x, y)

    objective.batch = batch
    return loop.train(objective, spec, *data(), seed, ResumeState(folder, name, every))


def send(number, at):
    """Send this process a signal in step `at` of an attempt."""
    return lambda step: step == at and os.kill(os.getpid(), number)


def assert_same(one, other):
    (weights, history), (expected, wanted) = one, other
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert all(history[key] == wanted[key] for key in ("losses", "scores", "images_seen", "parameters"))


@pytest.mark.parametrize("name", RUNS)
def test_interrupted_runs_end_in_the_same_weights(tmp_path, name):
    """Stopped in the third, fourth and last step; each time a fresh network goes on."""
    whole = run(name, tmp_path / "whole")
    for attempt, (at, number) in enumerate(((2, signal.SIGTERM), (0, signal.SIGINT), (STEPS - 5, signal.SIGTERM))):
        with pytest.raises(Interrupted, match="run the same command"):
            run(name, tmp_path / "cut", init=attempt + 1 if attempt else 0, before_step=send(number, at))
    cut = run(name, tmp_path / "cut", init=9)
    assert_same(cut, whole)
    assert (cut[1]["attempts"], whole[1]["attempts"]) == (4, 1)
    assert len(whole[1]["losses"]) == STEPS
    assert_same(run(name, tmp_path / "whole", init=9, before_step=pytest.fail), whole)  # what is done is not done again
    other = run(name, tmp_path / "other", seed=1)
    assert not all(torch.equal(a, b) for a, b in zip(other[0].values(), whole[0].values(), strict=True))


def test_a_training_in_a_notebook_keeps_nothing_and_ends_in_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, spec = RUNS["diffusion"]
    torch.manual_seed(0)
    found = loop.train(make(), spec, *data(), 0, snapshots=(3,))
    assert list(tmp_path.iterdir()) == [] and found[1]["attempts"] == 1
    assert_same(found, run("diffusion", tmp_path))


@pytest.mark.parametrize("ema_images", [0, 30])
def test_snapshots_are_the_weights_of_a_run_that_stops_there(tmp_path, ema_images):
    """With a rate that does not depend on the run's length; also where the run was interrupted."""
    spec = SPEC | {"lr_schedule": "constant", "ema_images": ema_images}

    def run(steps, folder, snapshots=(), interrupt=False):
        torch.manual_seed(0)
        objective, store = diffusion(), ResumeState(tmp_path / folder, 0)
        plain, count = objective.batch, iter(range(100))

        def batch(x, y):
            if interrupt and next(count) == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            return plain(x, y)

        objective.batch = batch
        return loop.train(objective, spec | {"steps": steps}, *data(), 0, store, snapshots=snapshots)[0], store

    with pytest.raises(Interrupted):
        run(STEPS, "long", (3, 6), interrupt=True)
    _, store = run(STEPS, "long", (3, 6))
    for steps in (3, 6):
        expected, kept = run(steps, f"short{steps}")[0], store.retrieve(steps)
        assert kept.keys() == expected.keys() and all(torch.equal(kept[k], expected[k]) for k in kept)


def test_killed_run_goes_on_from_its_last_save(tmp_path):
    """SIGKILL in the sixth step of a process that saves after each step."""
    script = f"import test_loop; test_loop.run_until_killed({str(tmp_path / 'cut')!r}, 5)"
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    dead = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert dead.returncode == -signal.SIGKILL
    assert begun(ResumeState(tmp_path / "cut", "diffusion"))["step"] == 5
    assert_same(run("diffusion", tmp_path / "cut", init=9), run("diffusion", tmp_path / "whole"))


def run_until_killed(folder, step):
    torch.set_num_threads(1)
    run("diffusion", folder, before_step=send(signal.SIGKILL, step), every=0)


def test_between_the_points_of_the_loss_curve_too(monkeypatch):
    """A training of days has a point of its curve every quarter of an hour: what is said in between is looked at as well."""
    monkeypatch.setattr(loop, "RECORDS", 1)
    monkeypatch.setattr(loop, "LOOK", 0)
    objective, steps = diffusion(), iter(range(STEPS))
    plain = objective.loss
    objective.loss = lambda *tensors: plain(*tensors) * (float("nan") if next(steps) == 2 else 1)
    with pytest.raises(FloatingPointError, match=r"the loss of joint is nan near step 2; lower `lr`"):
        loop.train(objective, SPEC, *data(), 0, name="joint")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_an_error(tmp_path, value):
    objective = diffusion()
    plain = objective.loss
    objective.loss = lambda *tensors: plain(*tensors) * value
    with pytest.raises(FloatingPointError, match=f"the loss of joint is {value} near step 0; lower `lr`"):
        loop.train(objective, SPEC, *data(), 0, ResumeState(tmp_path, 0), "joint")


def torn(at):
    """An objective whose loss is finite, and its gradient as well but for step number `at`."""
    objective, count = diffusion(), iter(range(1000))
    plain, weight = objective.loss, next(objective.model.parameters())

    def loss(*tensors):
        infinite = (weight - weight.detach()).abs().sqrt().sum()  # a slope that is not finite, at 0
        return plain(*tensors) + (infinite if next(count) == at else 0)

    objective.loss = loss
    return objective


@pytest.mark.parametrize("ema_images", [0, 30])
def test_weights_that_are_not_finite_are_no_result(tmp_path, ema_images):
    """Though every loss was finite: the update of the last step broke them. The state that it leaves is of no other settings."""
    spec, said = SPEC | {"ema_images": ema_images}, f"the weights of joint are not finite after step {STEPS}; lower `lr`"
    for objective in (torn(STEPS - 1), diffusion()):  # the second goes on from the state of the first
        with pytest.raises(FloatingPointError, match=said):
            loop.train(objective, spec, *data(), 0, ResumeState(tmp_path, spec), "joint")
    lower = spec | {"lr": 0.001}
    weights, history = loop.train(diffusion(), lower, *data(), 0, ResumeState(tmp_path, lower), "joint")
    assert history["attempts"] == 1 and all(tensor.isfinite().all() for tensor in weights.values())


def test_a_snapshot_that_is_not_finite_is_not_kept(tmp_path):
    store = ResumeState(tmp_path, 0)
    with pytest.raises(FloatingPointError, match="the weights of joint are not finite after step 3"):
        loop.train(torn(2), SPEC, *data(), 0, store, "joint", snapshots=(2, 3))
    assert store.retrieve(2) and not (store.folder / "3.safetensors").exists()


def test_every_image_is_seen_once_an_epoch():
    seen = torch.cat([loop.batch_indices(3, step, 6, 20) for step in range(10)])
    assert all(sorted(epoch.tolist()) == list(range(20)) for epoch in seen.split(20))
    assert not torch.equal(seen[:20], seen[20:40])
    assert sorted(loop.batch_indices(3, 1, 50, 20).bincount().tolist()) == [2] * 10 + [3] * 10
    assert not torch.equal(loop.batch_indices(4, 0, 20, 20), seen[:20])


@pytest.mark.parametrize(
    "schedule, rates",
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("linear", [1, 1, 0.7, 0.3, 0.21]),
        ("cosine", [1, 1, 0.75307338, 0.23044818, 0.20030842]),
        ("milestones", [1, 1, 0.1, 0.01, 0.01]),
    ],
)
def test_learning_rate(schedule, rates):
    """At steps 4, 9, 50, 90 and 99 of 100, the first two within a warm-up of 20."""
    spec = {"steps": 100, "lr": 1, "lr_end": 0.2, "lr_schedule": schedule, "warmup": 20, "milestones": [0.5, 0.9]}
    warm = [0.25, 0.5, 1, 1, 1]
    found = [loop.learning_rate(spec, step) for step in (4, 9, 50, 90, 99)]
    assert found == pytest.approx([a * b for a, b in zip(warm, rates, strict=True)], rel=1e-6)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 1, 20])
def test_the_rate_falls_from_its_peak_where_the_warm_up_ends(schedule, warmup):
    spec = {"steps": 100, "lr": 0.2, "lr_end": 0, "lr_schedule": schedule, "warmup": warmup, "milestones": []}
    rates = [loop.learning_rate(spec, step) for step in range(101)]
    peak = max(warmup - 1, 0)
    assert max(rates) == rates[peak] == 0.2 and rates[100] == pytest.approx(0)
    assert rates[: peak + 1] == sorted(rates[: peak + 1]) and rates[peak:] == sorted(rates[peak:], reverse=True)


def test_average_halves_old_weights_after_its_half_life():
    model = torch.nn.Linear(1, 1, bias=False).double()
    average = loop.Average(model, half_life=40, batch=4)
    torch.nn.init.ones_(model.weight)
    for _ in range(200):
        average.update_parameters(model)
    assert average.module.weight.item() == 1
    torch.nn.init.zeros_(model.weight)
    for _ in range(10):
        average.update_parameters(model)
    assert average.module.weight.item() == pytest.approx(0.5)


def test_best_score_is_kept(tmp_path):
    """The last of the best scores wins, and its weights are those of that step."""
    objective, scores, kept = classifier(0), iter([0.2, 0.9, 0.9, 0.5]), []

    def score():
        kept.append({k: v.clone() for k, v in objective.model.state_dict().items()})
        return next(scores)

    objective.score = score
    weights, history = loop.train(objective, SPEC | {"score_every": 2}, *data(), 0, ResumeState(tmp_path, 0))
    assert history["scores"] == [[12, 0.2], [24, 0.9], [36, 0.9], [48, 0.5]]
    assert all(torch.equal(weights[k], kept[2][k]) for k in weights)
    assert not torch.equal(weights["fc.weight"], kept[1]["fc.weight"])
