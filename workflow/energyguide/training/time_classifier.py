"""The objective of time-dependent classifiers: cross-entropy on attacked x_t (Kawar, Ganz and Elad 2022, eq. 5)."""

import torch
import torch.nn.functional as F

from energyguide.classifiers.attacks import BALLS, pgd
from energyguide.data.augment import augment
from energyguide.nets.device import accelerated
from energyguide.nets.passes import frozen


class TimeClassifierObjective:
    """Cross-entropy at a uniform timestep, after PGD on x_t that leaves each sample alone once it is misclassified.

    Args:
        model: a `TimeClassifier`.
        schedule: the full noise schedule.
        attack: `norm`, `eps` on the scale of [0, 1] pixels, `steps`; an eps of 0 trains the vanilla classifier.
        augmentation, acceleration: the blocks `augment` and `acceleration` of the configuration.
    """

    def __init__(self, model, schedule, attack, augmentation, device, acceleration=None):
        self.model, self.network = model, accelerated(model, device, acceleration)
        self.ball, self.steps = BALLS[attack["norm"]](2 * attack["eps"]), attack["steps"]  # x_t is in the scale of [-1, 1]
        self.schedule, self.augmentation = schedule.to(device), augmentation

    def batch(self, x, y):
        """What the loss is of: x_t, attacked, t, and labels (batch,); from images in [0, 1] and labels."""
        x0 = 2 * augment(x, self.augmentation) - 1
        t = torch.randint(len(self.schedule), (len(x0),), device=x0.device)
        x_t = self.schedule.add_noise(x0, t, torch.randn_like(x0))
        with frozen(self.model):
            x_t = pgd(self.network, x_t, y, self.ball, self.steps, stop_when_fooled=True, valid=None, context=(t,))
        return x_t, t, y

    def loss(self, x_t, t, y):
        """Scalar."""
        return F.cross_entropy(self.network(x_t, t), y)
