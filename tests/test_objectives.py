"""The objectives of diffusion models and classifiers of images."""

import pytest
import torch
from test_loop import AUGMENT, CPU, SPEC, diffusion

from energyguide.data.load import load
from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.unet import UNet
from energyguide.run.resume import ResumeState
from energyguide.training import loop
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.diffusion import DiffusionObjective


@pytest.mark.parametrize("early", [False, True])
def test_an_attack_that_stops_early_in_training_leaves_misclassified_images_where_it_began(early):
    torch.manual_seed(0)
    model, eps = CifarResNet(1, 3, "basic", (1,), width=4), 0.01
    attack = {"norm": "l2", "steps": 3} | ({"stop_when_fooled": True} if early else {})
    objective = ClassifierObjective(model, eps, attack, {"crop": 0, "flip": False, "jitter": 0}, None, CPU)
    x = torch.rand(6, 1, 4, 4)
    wrong = (model.eval()(x).argmax(1) + 1) % 3
    model.requires_grad_(False)
    torch.manual_seed(1)
    loss = objective.loss(*objective.batch(x, wrong)).item()
    torch.manual_seed(1)
    direction, radius = torch.randn_like(x), torch.rand(len(x))
    start = eps * radius.view(-1, 1, 1, 1) * direction / direction.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    unmoved = torch.nn.functional.cross_entropy(model((x + start).clamp(0, 1)), wrong).item()
    assert loss == pytest.approx(unmoved, rel=1e-6) if early else loss > unmoved + 1e-4


@pytest.mark.parametrize("p_uncond, expected", [(0.0, 0.0), (0.3, 0.3), (1.0, 1.0)])
def test_class_is_withheld_as_often_as_asked(p_uncond, expected):
    torch.manual_seed(0)
    objective = DiffusionObjective(UNet(1, 4, 3, width=4, multipliers=(1,)), linear_schedule(), p_uncond, AUGMENT, CPU)
    y = torch.arange(6000) % 3
    given = objective.drop_class(y)
    withheld = given == 3
    assert torch.equal(given[~withheld], y[~withheld])
    assert abs(withheld.float().mean() - expected) < 0.03


def test_diffusion_loss_is_the_error_of_the_noise(generator):
    """A network that knows the image predicts the noise: loss 0; one that says 0 has the noise's variance."""
    objective, x = diffusion(), torch.rand(1, 1, 4, 4, generator=generator)
    objective.augmentation = {"crop": 0, "flip": False, "jitter": 0}
    abar = linear_schedule().abar.float()

    def knows(x_t, t, y):
        a = abar[t].view(-1, 1, 1, 1)
        return (x_t - a.sqrt() * (2 * x - 1)) / (1 - a).sqrt()

    batch, y = x.expand(2000, -1, -1, -1), torch.zeros(2000, dtype=torch.int64)
    objective.network = knows
    assert objective.loss(*objective.batch(batch, y)) < 1e-5
    objective.network = lambda x_t, t, y: torch.zeros_like(x_t)
    assert objective.loss(*objective.batch(batch, y)).item() == pytest.approx(1, abs=0.05)


def test_training_learns(tmp_path):
    """A classifier of digits does, and training against an attack makes it more robust."""
    dataset = load({"source": "digits", "held_out": 0.125}, seed=0)
    spec = SPEC | {"steps": 100, "batch": 64, "optimizer": "sgd", "lr": 0.1, "weight_decay": 0, "clip": 0, "warmup": 10}
    robust = []
    for eps in (0, 1.0):
        torch.manual_seed(0)
        off = {"crop": 0, "flip": False, "jitter": 0}
        attack, held_out = {"norm": "l2", "steps": 3}, dataset.tensors("val")
        objective = ClassifierObjective(CifarResNet(1, 10, "basic", (1, 1), width=16), eps, attack, off, held_out, CPU)
        loop.train(objective, spec, *dataset.tensors("train"), 0, ResumeState(tmp_path, eps))
        if not eps:
            assert objective.score() > 0.85
        objective.ball = type(objective.ball)(1.0)
        robust.append(objective.score())
    assert robust[1] > robust[0] + 0.15
