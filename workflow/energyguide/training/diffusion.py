"""The diffusion objective: predict the noise (Ho et al. 2020, eq. 14)."""

import torch
import torch.nn.functional as F

from energyguide.data.augment import augment
from energyguide.device import accelerated


class DiffusionObjective:
    """Mean squared error of the noise, at a uniform timestep.

    Args:
        model: a `UNet`.
        schedule: the full noise schedule.
        p_uncond: how often the class is withheld (Ho and Salimans 2022); 1 for an unconditional model.
        augmentation: the `augment` block of the configuration.
    """

    def __init__(self, model, schedule, p_uncond, augmentation, where):
        self.model, self.network = model, accelerated(model, where)
        self.schedule, self.p_uncond, self.augmentation = schedule, p_uncond, augmentation

    def loss(self, x, y):
        """Scalar, of images (batch, channel, height, width) in [0, 1] and labels (batch,)."""
        x0 = 2 * augment(x, self.augmentation) - 1
        t = torch.randint(len(self.schedule), (len(x0),), device=x0.device)
        eps = torch.randn_like(x0)
        return F.mse_loss(self.network(self.schedule.add_noise(x0, t, eps), t, self.withhold(y)), eps)

    def withhold(self, y):
        classes = self.model.embedding.classes
        if not classes:
            return None
        return torch.where(torch.rand(len(y), device=y.device) < self.p_uncond, classes, y)
