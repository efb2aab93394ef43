"""What faster adversarial training costs in accuracy: the digits, by several recipes of the same length."""

import torch
from contests import digits
from project import resolved

from energyguide.classifiers.attacks import BALLS
from energyguide.classifiers.robustness import accuracy
from energyguide.nets.resnet import CifarResNet
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.loop import train

EPS = 0.5
RECIPES = {  # the attack in training; None trains a plain classifier
    "plain": None,
    "PGD-7": {"steps": 7},
    "PGD-7, each image until it is misclassified": {"steps": 7, "stop_when_fooled": True},
    "one step": {"steps": 1},
}


def recipes(where, seeds=3):
    """Rows: seconds of training, relative to PGD-7, and accuracy in per cent, clean and under PGD-20, as means over seeds."""
    spec = resolved("digits").classifiers.dump()
    _, (x, y), (x_test, y_test) = digits(where)
    training, ball = spec["training"] | {"score_every": 0}, BALLS["l2"](EPS)
    found = {name: [] for name in RECIPES}
    for seed in range(seeds):  # in turns, so that what slows the machine slows all
        for name, attack in RECIPES.items():
            torch.manual_seed(seed)
            model = CifarResNet(1, 10, **spec["network"]).to(where)
            eps, attack = (EPS, attack) if attack else (0.0, {"steps": 0})
            objective = ClassifierObjective(model, eps, {"norm": "l2", **attack}, spec["augment"], None, where)
            _, history = train(objective, training, x, y, seed)
            attacked = accuracy(model, x_test, y_test, ball, 20, seed=0)
            found[name].append((history["seconds"], accuracy(model, x_test, y_test), attacked))
    means = {name: [sum(values) / seeds for values in zip(*rows, strict=True)] for name, rows in found.items()}
    return [
        {
            "training": name,
            "time": round(seconds / means["PGD-7"][0], 2),
            "clean (%)": round(100 * clean, 1),
            f"PGD-20, eps {EPS} (%)": round(100 * attacked, 1),
        }
        for name, (seconds, clean, attacked) in means.items()
    ]
