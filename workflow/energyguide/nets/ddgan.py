"""Denoising diffusion GANs (Xiao, Kreis and Vahdat 2022): a generator that denoises by large steps, and its adversary.

For images both are built on the UNet's parts; for points, images of two pixels in a row, on a few linear layers.
"""

import torch
import torch.nn.functional as F
from torch import nn

from energyguide.nets.unet import Embedding, Encoder, UNet, norm


class Generator(nn.Module):
    """Predicts the image in x_t, another one for another latent.

    Args:
        channels, size: of the image.
        latent: length of the latent; 0 makes the prediction a function of x_t alone.
        bounded: whether predictions are in [-1, 1].
        more: of the `UNet`.
    """

    def __init__(self, channels, size, latent=64, bounded=True, **more):
        super().__init__()
        self.latent, self.bounded = latent, bounded
        self.unet = UNet(channels, size, latent=latent, adaptive=True, **more)

    def forward(self, x_t, t, z=None):
        """`x_t` (batch, channel, height, width), `t` (batch,), `z` (batch, latent) -> x_0, shaped as `x_t`."""
        x0 = self.unet(x_t, t, z=z)
        return torch.tanh(x0) if self.bounded else x0


def minibatch_std(h):
    """How unlike each other the images of a group are: (batch, channel, ...) -> (batch, 1, 1, 1).

    The mean of the features' standard deviation over up to eight images in a row (Karras et al. 2018, sec. 3): it tells a
    generator of one image from the data.
    """
    size = next(size for size in (8, 4, 2, 1) if len(h) % size == 0)  # a gcd, as the compiler understands it
    deviation = (h.unflatten(0, (-1, size)).var(1, correction=0) + 1e-8).sqrt()
    return deviation.flatten(1).mean(1).repeat_interleave(size)[:, None, None, None]


class Discriminator(nn.Module):
    """Whether x_{t-1} is what a real image may have been a step before it became x_t.

    Args:
        channels, size: of the image.
        width, multipliers, blocks, attention, dropout: of the encoder, as in `UNet`.
    """

    def __init__(self, channels, size, width=64, multipliers=(1, 2, 2, 2), blocks=1, attention=(), dropout=0.0):
        super().__init__()
        self.embedding = Embedding(width, 0)
        self.encoder = Encoder(2 * channels, size, width, multipliers, blocks, attention, dropout)
        self.norm, self.out = norm(self.encoder.channels), nn.Linear(self.encoder.channels + 1, 1)

    def forward(self, x_prev, x_t, t):
        """Both (batch, channel, height, width), `t` (batch,) -> logits (batch,), the higher the more real."""
        h, _ = self.encoder(torch.cat([x_prev, x_t], dim=1), self.embedding(t))
        h = F.silu(self.norm(h))
        return self.out(torch.cat([h, minibatch_std(h).expand(-1, -1, *h.shape[2:])], dim=1).sum((2, 3)))[:, 0]


class Adversaries(nn.Module):
    """A generator and its discriminator, to be trained together."""

    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator


def generator_weights(weights):
    """The generator's part of a state dict of `Adversaries`."""
    return {name.removeprefix("generator."): w for name, w in weights.items() if name.startswith("generator.")}
