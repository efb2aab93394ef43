"""The classifier objective: cross-entropy on clean images, or on attacked ones (Madry et al. 2018)."""

import torch
import torch.nn.functional as F

from energyguide.classifiers.attacks import BALLS, pgd
from energyguide.classifiers.robustness import accuracy
from energyguide.data.augment import augment
from energyguide.nets.device import accelerated
from energyguide.nets.passes import frozen


class ClassifierObjective:
    """Cross-entropy, after `attack["steps"]` steps of PGD in a ball of radius `eps_train` around each image.

    Args:
        model: images in [0, 1] -> logits.
        eps_train: radius on the [0, 1] scale; 0 trains a plain classifier.
        attack: the configuration's block: `norm`, `steps`, and `stop_when_fooled`, which is false if absent.
        held_out: images and labels by whose accuracy, under the same attack, the best weights are chosen.
        acceleration: the `acceleration` block of the configuration.
    """

    def __init__(self, model, eps_train, attack, augmentation, held_out, device, acceleration=None):
        self.model, self.network = model, accelerated(model, device, acceleration)
        self.ball, self.steps = BALLS[attack["norm"]](eps_train), attack["steps"]
        self.early = attack.get("stop_when_fooled", False)
        self.augmentation, self.held_out = augmentation, held_out

    def batch(self, x, y):
        """What the loss is of: images (batch, channel, height, width) in [0, 1], augmented and attacked, and labels (batch,)."""
        x = augment(x, self.augmentation)
        if self.ball.eps:
            start = self.ball.random_point(torch.randn_like(x), torch.rand(len(x), device=x.device))
            with frozen(self.model):
                x = pgd(self.network, x, y, self.ball, self.steps, start, stop_when_fooled=self.early)
        return x, y

    def loss(self, x, y):
        """Scalar."""
        return F.cross_entropy(self.network(x), y)

    def score(self):
        """Accuracy on the held-out images, under the attack of the training if there is one."""
        return accuracy(self.model, *self.held_out, self.ball, self.steps, seed=0, attacker=self.network)
