"""The diffusion objective: predict the noise (Ho et al. 2020, eq. 14)."""

import torch
import torch.nn.functional as F

from energyguide.data.augment import augment
from energyguide.nets.device import accelerated


class DiffusionObjective:
    """Mean squared error of the noise, at a uniform timestep.

    Args:
        model: a `UNet`.
        schedule: the full noise schedule.
        p_uncond: class dropout, how often the class is left out (Ho and Salimans 2022); 1 for an unconditional model.
        augmentation, acceleration: the blocks `augment` and `acceleration` of the configuration.
    """

    def __init__(self, model, schedule, p_uncond, augmentation, device, acceleration=None):
        self.model, self.network = model, accelerated(model, device, acceleration)
        self.schedule, self.p_uncond, self.augmentation = schedule.to(device), p_uncond, augmentation

    def batch(self, x, y):
        """What the loss is of: x_t, t, labels or None, and the noise; from images in [0, 1] and labels (batch,)."""
        x0 = 2 * augment(x, self.augmentation) - 1
        t = torch.randint(len(self.schedule), (len(x0),), device=x0.device)
        eps = torch.randn_like(x0)
        return self.schedule.add_noise(x0, t, eps), t, self.drop_class(y), eps

    def loss(self, x_t, t, y, eps):
        """Scalar."""
        return F.mse_loss(self.network(x_t, t, y), eps)

    def drop_class(self, y):
        classes = self.model.embedding.classes
        if not classes:
            return None
        return torch.where(torch.rand(len(y), device=y.device) < self.p_uncond, classes, y)
