"""Augmentation on the device, a batch at a time, each sample on its own. Images (batch, channel, height, width) in [0, 1]."""

import torch
import torch.nn.functional as F


def uniform(x, low, high):
    """One number per sample, shaped to multiply a batch of images."""
    return torch.empty(len(x), 1, 1, 1, device=x.device).uniform_(low, high)


def crop(x, padding):
    """Shift by up to `padding` pixels in each direction, filling with black."""
    n, _, height, width = x.shape
    padded = F.pad(x, [padding] * 4)
    rows, columns = (
        torch.randint(2 * padding + 1, (n, 1), device=x.device) + torch.arange(length, device=x.device)
        for length in (height, width)
    )
    sample = torch.arange(n, device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def flip(x):
    """Mirror left to right, with probability one half."""
    return torch.where(torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5, x.flip(3), x)


def jitter(x, amount):
    """Brightness, contrast and saturation, each by a factor in 1 +- `amount`."""
    x = x * uniform(x, 1 - amount, 1 + amount)
    for dims in ((1, 2, 3), 1):
        centre = x.mean(dim=dims, keepdim=True)
        x = centre + (x - centre) * uniform(x, 1 - amount, 1 + amount)
    return x.clamp(0, 1)


def augment(x, spec):
    """Apply what the configuration's `augment` block asks for: `crop` in pixels, `flip`, `jitter`."""
    if spec["crop"]:
        x = crop(x, spec["crop"])
    if spec["flip"]:
        x = flip(x)
    if spec["jitter"]:
        x = jitter(x, spec["jitter"])
    return x
