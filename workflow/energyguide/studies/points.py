"""A denoising diffusion GAN of 25 Gaussians in the plane, and how many it covers (Xiao, Kreis and Vahdat 2022).

Points are images of two pixels in a row, (point, 1, 1, 2)."""

import torch
from torch import nn

from energyguide.data.noise import fold
from energyguide.diffusion.denoisers.ddgan import generate
from energyguide.diffusion.schedule import schedule_of
from energyguide.nets.ddgan import Adversaries, generator_weights
from energyguide.nets.unet import fourier_features, timestep_embedding
from energyguide.training.ddgan import AdversarialObjective
from energyguide.training.loop import train

SIDE, SPACING, STD = 5, 0.7, 0.07  # Gaussians along a side; their distance, for a variance of all of 1; the deviation of each


def centres():
    """(25, 2)."""
    line = SPACING * (torch.arange(SIDE) - SIDE // 2)
    return torch.cartesian_prod(line, line)


def gaussians(count, seed):
    """(count, 1, 1, 2) points of 25 Gaussians, all equally likely."""
    generator = torch.Generator().manual_seed(seed)
    chosen = centres()[torch.randint(SIDE**2, (count,), generator=generator)]
    return (chosen + STD * torch.randn(count, 2, generator=generator)).view(-1, 1, 1, 2)


def covered(points):
    """How many of the Gaussians have a quarter of their part of the points, or more; and the share of points that one has.

    A Gaussian has the points within three of its standard deviations. One point would not do: noise has one near each.
    """
    near = (torch.cdist(points.view(-1, 2).double(), centres().double()) < 3 * STD).double().mean(0)
    return {"modes": int((near >= 0.25 / SIDE**2).sum()), "of": SIDE**2, "share": near.sum().item()}


def layers(inputs, outputs, width):
    """Three hidden layers."""
    sizes = [inputs, width, width, width]
    hidden = [part for a, b in zip(sizes, sizes[1:], strict=False) for part in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
    return nn.Sequential(*hidden, nn.Linear(width, outputs))


TIME = 16  # numbers that a timestep is embedded in
FINE = (0, 1, 2)  # exponents of the Fourier features of points, without which so few layers see no fine structure
COORDINATES = 2 * (1 + 2 * len(FINE))


class PointGenerator(nn.Module):
    """A `Generator` of points, (batch, 1, 1, 2): it moves x_t, whose variance equals that of the data at every noise level."""

    def __init__(self, latent=8, width=128):
        super().__init__()
        self.latent, self.layers = latent, layers(COORDINATES + TIME + latent, 2, width)

    def forward(self, x_t, t, z=None):
        parts = [fourier_features(x_t.flatten(1), FINE), timestep_embedding(t, TIME), *([] if z is None else [z])]
        return x_t + self.layers(torch.cat(parts, dim=1)).view_as(x_t)


class PointDiscriminator(nn.Module):
    """A `Discriminator` of points, (batch, 1, 1, 2)."""

    def __init__(self, width=128):
        super().__init__()
        self.layers = layers(2 * COORDINATES + TIME, 1, width)

    def forward(self, x_prev, x_t, t):
        seen = [fourier_features(x.flatten(1), FINE) for x in (x_prev, x_t)]
        return self.layers(torch.cat([*seen, timestep_embedding(t, TIME)], dim=1))[:, 0]


def cover(p, device, store):
    """Train the GAN of points, and see how many of the Gaussians it covers.

    Args:
        p: `steps`, `levels` (how it is sampled), `process`, `latent`, `width`, `r1`, `training`, `samples` and `seed`.
        store: as in `training.loop.train`.

    Returns:
        points (sample, 2), "drawn" and "real"; and how both cover the Gaussians, with the seconds of the training.
    """
    seed = fold(p.seed, "points", p.steps)
    torch.manual_seed(seed)
    model = Adversaries(PointGenerator(p.latent, p.width), PointDiscriminator(p.width))
    schedule = schedule_of(p.process, p.levels)
    objective = AdversarialObjective(model, schedule, "posterior", p.r1, device)
    points = gaussians(100_000, seed).to(device)
    labels = torch.zeros(len(points), dtype=torch.int64, device=device)
    weights, history = train(objective, p.training, (points + 1) / 2, labels, seed, store, "the GAN of points")
    model.generator.load_state_dict(generator_weights(weights))
    numbers = torch.arange(p.samples, device=device)
    samples = generate(model.generator.eval(), p.latent, schedule, numbers, points.shape[1:], seed).cpu()
    shown = {"drawn": samples, "real": points[: p.samples].cpu()}
    covers = {key: covered(some) for key, some in shown.items()}
    return {key: some.view(-1, 2).numpy() for key, some in shown.items()}, {"seconds": history["seconds"], **covers}
