"""The variational bound of a diffusion model on -log p(x), and its three terms (Kingma et al. 2021, eq. 11 to 17).

The term of the clean end has two forms: `reconstruction` of a variational diffusion model, `decoder` of DDPM.

gamma = -log SNR is a noise level: z = sqrt(sigmoid(-gamma)) x + sqrt(sigmoid(gamma)) eps. Images are (batch, channel, height,
width) in [-1, 1], on the grid of LEVELS values; each term is (batch,), in nats an image.
"""

import torch
import torch.nn.functional as F

LEVELS = 256
AT_ONCE = 2**24  # numbers: a few images at a time, as each of their values is compared with all LEVELS


def per_image(x):
    return x.flatten(1).sum(1)


def along(gamma, x):
    """`gamma` (batch,), shaped to multiply images."""
    return gamma.view(-1, *[1] * (x.ndim - 1))


def noised(x, gamma, eps):
    """z at the noise level `gamma` (batch,)."""
    gamma = along(gamma, x)
    return torch.sigmoid(-gamma).sqrt() * x + torch.sigmoid(gamma).sqrt() * eps


def prior(x, gamma):
    """KL(q(z | x) || N(0, I)) at the noisy end, `gamma` ()."""
    return per_image(torch.sigmoid(-gamma) * x**2 + torch.sigmoid(gamma) - F.logsigmoid(gamma) - 1) / 2


def reconstruction(x, gamma, eps):
    """-log p(x | z) at the clean end, `gamma` (), where p(x | z) is proportional to q(z | x) over the grid of values."""
    grid = torch.linspace(-1, 1, LEVELS, device=x.device)
    z = x + eps * torch.exp(gamma / 2)  # over sqrt(sigmoid(-gamma))
    values = ((x + 1) * (LEVELS - 1) / 2).round().long()

    def surprise(z, values):
        logits = -torch.exp(-gamma) * (z[..., None] - grid) ** 2 / 2
        return per_image(F.cross_entropy(logits.flatten(0, -2), values.flatten(), reduction="none").view_as(z))

    few = max(1, AT_ONCE // (LEVELS * x[0].numel()))
    return torch.cat([surprise(*part) for part in zip(z.split(few), values.split(few), strict=True)])


def decoder(x, mean, sigma):
    """-log p(x | x_1) of DDPM: each value's bin under N(`mean`, `sigma`^2 I), the outermost bins open (Ho et al. 2020, eq. 13).

    Args:
        mean: as `x`, the image predicted from x_1.
        sigma: standard deviation of the last step.
    """
    x, half = x.double(), 1 / (LEVELS - 1)
    low = ((x - half - mean) / sigma).masked_fill(x < half - 1, -torch.inf)
    high = ((x + half - mean) / sigma).masked_fill(x > 1 - half, torch.inf)
    low, high = torch.where(low > 0, -high, low), torch.where(low > 0, -low, high)  # the same by symmetry, and exact in the tails
    whole, rest = torch.special.log_ndtr(high), torch.special.log_ndtr(low)
    return -per_image(whole + torch.log1p(-torch.exp(rest - whole)))


def discrete(error, gamma, before, steps):
    """One draw of the diffusion term of `steps` steps: of the step from the level `gamma` (batch,) to the cleaner `before`.

    Args:
        error: (batch,) squared distance of the predicted noise from the noise.
    """
    return steps / 2 * torch.expm1(gamma - before) * error


def continuous(error, slope):
    """One draw of the diffusion term in continuous time: `slope` (batch,) is the derivative of gamma at a uniform t in [0, 1]."""
    return slope * error / 2


def evenly(count, device=None, generator=None):
    """`count` random times in [0, 1), one in each of as many equal parts, all by the same offset (app. I.1)."""
    times = (torch.arange(count, device=device) + torch.rand((), device=device, generator=generator)) / count
    return times.clamp_max(1 - 2**-24)  # the last may be rounded to 1


def slope_of(gamma, t):
    """gamma(t) and its derivative, both (n,), for `t` (n,); differentiable once more."""
    t = t.detach().requires_grad_()
    with torch.enable_grad():
        value = gamma(t)
        (slope,) = torch.autograd.grad(value.sum(), t, create_graph=True)
    return value, slope


def squared_error(network, x, gamma, timesteps, eps):
    """(batch,) squared distance of the noise that the network predicts from `eps`."""
    return per_image((network(noised(x, gamma, eps), timesteps) - eps) ** 2)
