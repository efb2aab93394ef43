"""A variational diffusion model (Kingma et al. 2021): a UNet that sees Fourier features, and a noise schedule that is learned."""

import torch
import torch.nn.functional as F
from torch import nn

from energyguide.nets.unet import UNet, fourier_features

NOISIEST = 1000.0  # the timestep of the noisy end; 0 at the other


class Monotone(nn.Module):
    """A smooth map of [0, 1] onto itself that rises: a network whose weights are all positive (app. H of the paper).

    It starts as the sum of equal steps at places spread evenly, which is nearly a straight line.
    """

    def __init__(self, hidden=64):
        super().__init__()
        self.places = nn.Parameter(torch.linspace(0, 1, hidden))
        self.steepness, self.heights = nn.Parameter(torch.full((hidden,), 12.0)), nn.Parameter(torch.zeros(hidden))

    def raw(self, t):
        steps = torch.sigmoid(F.softplus(self.steepness) * (t[:, None] - self.places))
        return t + steps @ F.softplus(self.heights) / len(self.heights)

    def forward(self, t):
        """`t` (n,) in [0, 1] -> (n,)."""
        low, high = self.raw(torch.arange(2, dtype=t.dtype, device=t.device))
        return (self.raw(t) - low) / (high - low)


class VDM(nn.Module):
    """Predicts the noise in z_t, and knows its own schedule: gamma(t) = -log SNR(t), rising over t in [0, 1].

    Args:
        channels, size: of the image.
        gamma: initial end points of the schedule; they are learned, and so is the curve between them.
        fourier: exponents n of the features.
        more: of the `UNet`.
    """

    def __init__(self, channels, size, gamma=(-13.3, 5.0), fourier=(7, 8), **more):
        super().__init__()
        self.fourier, self.span = tuple(fourier), tuple(gamma)
        self.unet = UNet(channels, size, inputs=channels * (1 + 2 * len(fourier)), **more)
        self.ends, self.shape = nn.Parameter(torch.tensor(gamma)), Monotone()

    def forward(self, z, t, y=None):
        """The noise in `z` (batch, channel, height, width); `t` (batch,) as `timestep` gives it, `y` as a `UNet` takes it."""
        return self.unet(fourier_features(z, self.fourier), t, y)

    def gamma(self, t, shape=None):
        """`t` (n,) in [0, 1] -> (n,), between the learned end points; or in another `shape`, a map of [0, 1] onto itself."""
        low, high = self.ends
        return low + (high - low) * (shape or self.shape)(t)

    def timestep(self, gamma):
        """The timestep of a noise level: its place between the end points that training started from."""
        low, high = self.span
        return NOISIEST * (gamma - low) / (high - low)
