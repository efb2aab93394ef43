"""A classifier conditioned on the timestep: the UNet's encoder, and attention pooling (Dhariwal and Nichol 2021, sec. 4)."""

import torch
import torch.nn.functional as F
from torch import nn

from energyguide.nets.unet import Embedding, Encoder, norm

HEAD = 64  # channels of an attention head


class AttentionPooling(nn.Module):
    """(batch, channel, height, width) -> (batch, class): the mean of the pixels attends over itself and all pixels."""

    def __init__(self, channels, size, classes):
        super().__init__()
        self.heads = max(1, channels // HEAD)
        self.position = nn.Parameter(torch.randn(size**2 + 1, channels) / channels**0.5)
        self.query, self.key_value = nn.Linear(channels, channels), nn.Linear(channels, 2 * channels)
        self.out = nn.Linear(channels, classes)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], dim=1) + self.position
        parts = self.query(tokens[:, :1]), *self.key_value(tokens).chunk(2, dim=-1)
        attended = F.scaled_dot_product_attention(*(part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts))
        return self.out(attended.flatten(1))


class TimeClassifier(nn.Module):
    """Logits of x_t, given t.

    Args:
        channels: of the image.
        size: height and width of the image, in pixels.
        classes: number of logits.
        width, multipliers, blocks, attention, dropout: of the encoder, as in `UNet`.
    """

    def __init__(self, channels, size, classes, width=32, multipliers=(1, 2, 2, 4), blocks=2, attention=(16, 8), dropout=0.0):
        super().__init__()
        self.embedding = Embedding(width, 0)
        self.encoder = Encoder(channels, size, width, multipliers, blocks, attention, dropout)
        self.norm = norm(self.encoder.channels)
        self.pool = AttentionPooling(self.encoder.channels, self.encoder.size, classes)

    def forward(self, x_t, t):
        """`x_t` (batch, channel, height, width) in the scale of [-1, 1] images, `t` (batch,) -> logits (batch, class)."""
        h, _ = self.encoder(x_t, self.embedding(t))
        return self.pool(F.silu(self.norm(h)))


def at_time(network):
    """A `TimeClassifier` as a function of (images in the scale of [-1, 1], timestep), one timestep for all images."""
    return lambda x, t: network(x, torch.full((len(x),), t, device=x.device))
