"""The UNet of DDPM (Ho, Jain and Abbeel 2020), with an optional class embedding.

The encoder is a module of its own, so that other networks can be built on it.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


def timestep_embedding(t, dim):
    """Sinusoidal embedding of `t` (batch,) -> (batch, dim), as in DDPM: sines first, then cosines."""
    half = dim // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / (half - 1))
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def fourier_features(x, exponents):
    """sin and cos of 2^n pi x for each n, next to `x`: (batch, channel, ...) -> (batch, channel (1 + 2 exponents), ...)."""
    angles = [2**n * math.pi * x for n in exponents]
    return torch.cat([x, *(wave(angle) for angle in angles for wave in (torch.sin, torch.cos))], dim=1)


def norm(channels):
    """GroupNorm with 32 groups, fewer if a group would have less than four channels."""
    return nn.GroupNorm(math.gcd(32, channels // 4), channels, eps=1e-6)


def zero(module):
    """Start a layer at zero, so that its block starts as the identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


class ResBlock(nn.Module):
    """norm, SiLU, conv, + embedding, norm, SiLU, dropout, conv; around it a skip.

    Where it is `adaptive` the embedding scales and shifts what the second norm returns, in place of the sum.
    """

    def __init__(self, c_in, c_out, c_emb, dropout, adaptive=False):
        super().__init__()
        self.adaptive = adaptive
        self.norm1, self.conv1 = norm(c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.emb = nn.Linear(c_emb, 2 * c_out if adaptive else c_out)
        self.norm2, self.conv2 = norm(c_out), zero(nn.Conv2d(c_out, c_out, 3, padding=1))
        self.dropout = nn.Dropout(dropout)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x, emb):
        h = self.conv1(F.silu(self.norm1(x)))
        emb = self.emb(F.silu(emb))[:, :, None, None]
        if self.adaptive:
            scale, shift = emb.chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        else:
            h = self.norm2(h + emb)
        return self.skip(x) + self.conv2(self.dropout(F.silu(h)))


class Attention(nn.Module):
    """Single-head self-attention over the pixels."""

    def __init__(self, channels):
        super().__init__()
        self.norm = norm(channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = zero(nn.Conv2d(channels, channels, 1))

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).flatten(2).transpose(1, 2).chunk(3, dim=-1)
        h = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        return x + self.out(h.transpose(1, 2).reshape(x.shape))


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))  # DDPM's one-sided padding


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Stage(nn.Module):
    """A ResBlock, and attention at the resolutions that ask for it."""

    def __init__(self, c_in, c_out, c_emb, dropout, attention, adaptive=False):
        super().__init__()
        self.res = ResBlock(c_in, c_out, c_emb, dropout, adaptive)
        self.attention = Attention(c_out) if attention else nn.Identity()

    def forward(self, x, emb):
        return self.attention(self.res(x, emb))


class Embedding(nn.Module):
    """Of the timestep; of the class if there are classes (number `classes` means "no class"); of a latent if it has a length."""

    def __init__(self, width, classes, latent=0):
        super().__init__()
        self.width, self.classes = width, classes
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width))
        self.label = nn.Embedding(classes + 1, 4 * width) if classes else None
        if latent:
            self.latent = nn.Sequential(nn.Linear(latent, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width))

    def forward(self, t, y=None, z=None):
        emb = self.mlp(timestep_embedding(t, self.width))
        if z is not None:
            emb = emb + self.latent(z)
        if self.label is None:
            return emb
        if y is None:
            y = torch.full_like(t, self.classes)
        return emb + self.label(y)


class Encoder(nn.Module):
    """The way down and the middle. Returns the features at the lowest resolution, and all skips."""

    def __init__(self, channels, size, width, multipliers, blocks, attention, dropout, adaptive=False):
        super().__init__()
        c_emb = 4 * width
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.down, self.skips = nn.ModuleList(), [width]
        c = width
        for level, multiplier in enumerate(multipliers):
            for _ in range(blocks):
                self.down.append(Stage(c, width * multiplier, c_emb, dropout, size in attention, adaptive))
                c = width * multiplier
                self.skips.append(c)
            if level < len(multipliers) - 1:
                self.down.append(Downsample(c))
                self.skips.append(c)
                size //= 2
        self.middle = nn.ModuleList(Stage(c, c, c_emb, dropout, attended, adaptive) for attended in (True, False))
        self.channels, self.size = c, size

    def forward(self, x, emb):
        h = self.stem(x)
        skips = [h]
        for layer in self.down:
            h = layer(h) if isinstance(layer, Downsample) else layer(h, emb)
            skips.append(h)
        for layer in self.middle:
            h = layer(h, emb)
        return h, skips


class UNet(nn.Module):
    """Predicts the noise in `x_t`.

    Args:
        channels: of the image.
        size: height and width of the image, in pixels.
        inputs: channels of the input, if not those of the image.
        classes: number of classes; 0 makes the network unconditional.
        width: channels at the first level; `multipliers` give the other levels.
        blocks: residual blocks per level on the way down (one more on the way up).
        attention: resolutions, in pixels, that get self-attention.
        latent: length of a random vector that is embedded with the timestep.
        adaptive: whether the embedding scales and shifts what is normalised (Dhariwal and Nichol 2021, sec. 3).
    """

    def __init__(
        self,
        channels,
        size,
        classes=0,
        width=128,
        multipliers=(1, 2, 2, 2),
        blocks=2,
        attention=(16,),
        dropout=0.1,
        inputs=None,
        latent=0,
        adaptive=False,
    ):
        super().__init__()
        self.embedding = Embedding(width, classes, latent)
        self.encoder = Encoder(inputs or channels, size, width, multipliers, blocks, attention, dropout, adaptive)
        skips, c, size = list(self.encoder.skips), self.encoder.channels, self.encoder.size
        self.up = nn.ModuleList()
        for level, multiplier in reversed(list(enumerate(multipliers))):
            for _ in range(blocks + 1):
                self.up.append(Stage(c + skips.pop(), width * multiplier, 4 * width, dropout, size in attention, adaptive))
                c = width * multiplier
            if level:
                self.up.append(Upsample(c))
                size *= 2
        self.head = nn.Sequential(norm(c), nn.SiLU(), zero(nn.Conv2d(c, channels, 3, padding=1)))

    def forward(self, x, t, y=None, z=None):
        """`x` (batch, channel, height, width), `t` (batch,); `y` (batch,) and `z` (batch, latent), or None -> noise, as `x`."""
        emb = self.embedding(t, y, z)
        h, skips = self.encoder(x, emb)
        for layer in self.up:
            h = layer(h) if isinstance(layer, Upsample) else layer(torch.cat([h, skips.pop()], dim=1), emb)
        return self.head(h)
