"""Randomness as a function of what it is for: no state to save, no order to keep.

Noise is drawn by a counter-based generator, Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", 2011), so that the noise of a sample depends on (seed, sample, step) alone: not on the batch it is in,
the shard or the number of jobs. The random words are the same on every device; their logarithms may differ in the last bit.
"""

import hashlib
import math

import torch

MASK = 0xFFFFFFFF
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85


def fold(*parts):
    """A 63-bit seed made of anything printable: `fold(seed, "train", step)`."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1


def philox(counter, key):
    """Philox4x32-10. `counter`: four int64 tensors holding 32-bit words; `key`: two integers. Four such tensors back."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        # The product of two 32-bit words fits 64 bits; int64 wraps, and the masks make the words unsigned again.
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> 32 & MASK) ^ c1 ^ k0, p1 & MASK, (p0 >> 32 & MASK) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def uniform(seed, samples, step, shape):
    """Float64 in (0, 1), shaped (sample, *shape), a function of (seed, sample, step) for each sample.

    Args:
        seed: an integer in [0, 2^63).
        samples: (sample,) int64 indices in [0, 2^32), on the device of the result.
        step: an integer in [0, 2^32).
    """
    size = math.prod(shape)
    blocks = torch.arange(-(-size // 4), device=samples.device)
    n, m = len(samples), len(blocks)
    counter = (
        blocks.expand(n, m),
        samples[:, None].expand(n, m),
        torch.full((n, m), step, device=samples.device),
        torch.zeros(n, m, dtype=torch.int64, device=samples.device),
    )
    words = torch.stack(philox(counter, (seed & MASK, seed >> 32 & MASK)), dim=-1)
    return ((words.double() + 0.5) / 2**32).view(n, -1)[:, :size].view(n, *shape)


def normal(seed, samples, step, shape, dtype=torch.float32):
    """Standard normal noise, shaped (sample, *shape), a function of (seed, sample, step) for each sample (Box-Muller)."""
    size = math.prod(shape)
    half = -(-size // 2)
    u = uniform(seed, samples, step, (2, half))
    radius, angle = (-2 * u[:, 0].log()).sqrt(), 2 * math.pi * u[:, 1]
    both = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)
    return both[:, :size].view(len(samples), *shape).to(dtype)
