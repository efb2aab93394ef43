"""The objective of denoising diffusion GANs: both losses at once (Xiao, Kreis and Vahdat 2022, eq. 2 to 5)."""

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from energyguide.data.augment import augment
from energyguide.nets.device import accelerated
from energyguide.nets.passes import frozen

LAZY = 8  # the penalty is of one step in so many, and so many times as heavy: it takes second derivatives (Karras et al. 2020)


def posterior(schedule, x0, x_t, t):
    """Mean and standard deviation of q(x_{t-1} | x_t, x_0) (DDPM, eq. 7), with `t` (batch,) indices into the schedule."""
    of_x0 = schedule.abar_prev.sqrt() * schedule.betas / (1 - schedule.abar)
    of_x_t = (1 - schedule.betas).sqrt() * (1 - schedule.abar_prev) / (1 - schedule.abar)
    mean = schedule.at(of_x0, t, x0) * x0 + schedule.at(of_x_t, t, x0) * x_t
    return mean, schedule.at(schedule.posterior_variance.sqrt(), t, x0)


def one_back(schedule, x0, t, eps, eps_t):
    """x_{t-1} and x_t of one path through the forward process, with `t` (batch,) indices into the schedule.

    `eps` is the noise in x_{t-1}, `eps_t` the noise of the step from there to x_t.
    """
    x_prev = schedule.at(schedule.abar_prev.sqrt(), t, x0) * x0 + schedule.at((1 - schedule.abar_prev).sqrt(), t, x0) * eps
    return x_prev, schedule.at((1 - schedule.betas).sqrt(), t, x0) * x_prev + schedule.at(schedule.betas.sqrt(), t, x0) * eps_t


def penalised():
    """Whether this step has the penalty, by chance."""
    return bool(torch.rand((), device="cpu") < 1 / LAZY)


class AdversarialObjective:
    """The non-saturating losses of generator and discriminator, and an R1 penalty, in one sum.

    Each loss moves its own network alone, so that one step of one optimiser is a step of both.

    Args:
        model: `Adversaries`.
        schedule: the noise schedule of as many steps as the generator takes.
        kind: what the generator's output becomes. "posterior": x_0, from which x_{t-1} is drawn; "direct": x_{t-1} itself;
            "one-shot": x_0, made from noise alone, and noised to the level of x_{t-1} before the discriminator sees it.
        r1: weight of the squared gradient of the discriminator at real images (Mescheder et al. 2018).
        augmentation, acceleration: the blocks `augment` and `acceleration` of the configuration; None for none.
    """

    def __init__(self, model, schedule, kind, r1, device, augmentation=None, acceleration=None):
        self.model, self.schedule, self.kind, self.r1, self.augmentation = model, schedule.to(device), kind, r1, augmentation
        self.generator, self.discriminator = (
            accelerated(part, device, acceleration) for part in (model.generator, model.discriminator)
        )

    def batch(self, x, y):
        """What the loss is of.

        x_{t-1}, x_t and t, an index into the schedule; latents, and noise of the generator's step; and the weight of the penalty,
        (batch,), or None for no penalty, which is decided on the host: a GPU's answer would have to be waited for.
        """
        x0 = 2 * (augment(x, self.augmentation) if self.augmentation else x) - 1
        t = torch.randint(len(self.schedule), (len(x0),), device=x0.device)
        x_prev, x_t = one_back(self.schedule, x0, t, torch.randn_like(x0), torch.randn_like(x0))
        if self.kind == "one-shot":
            x_t = torch.randn_like(x0)
        latent = self.model.generator.latent
        z = torch.randn(len(x0), latent, device=x0.device) if latent else None
        r1 = torch.full((len(x0),), self.r1 * LAZY, device=x0.device) if penalised() and self.r1 else None
        return x_prev, x_t, t, z, torch.randn_like(x0), r1

    def generate(self, x_t, t, z, noise):
        """What the generator makes of x_t: its x_{t-1}."""
        timesteps = self.schedule.timesteps
        if self.kind == "one-shot":
            return one_back(self.schedule, self.generator(x_t, timesteps[-1:].expand_as(t), z), t, noise, noise)[0]
        made = self.generator(x_t, timesteps[t], z)
        if self.kind == "direct":
            return made
        mean, sigma = posterior(self.schedule, made, x_t, t)
        return mean + sigma * noise

    def loss(self, x_prev, x_t, t, z, noise, r1):
        """Scalar."""
        timesteps, fake = self.schedule.timesteps[t], self.generate(x_t, t, z, noise)
        seen = torch.zeros_like(x_t) if self.kind == "one-shot" else x_t
        of_real, of_fake = (self.discriminator(x, seen, timesteps) for x in (x_prev, fake.detach()))
        with frozen(self.model.discriminator):
            of_made = self.discriminator(fake, seen, timesteps)
        losses = F.softplus(-of_real) + F.softplus(of_fake) + F.softplus(-of_made)
        if r1 is not None:
            losses = losses + r1 / 2 * self.r1_penalty(x_prev, seen, timesteps)
        return losses.mean()

    def r1_penalty(self, real, seen, timesteps):
        """(batch,) squared gradient of the discriminator at real images."""
        real = real.detach().requires_grad_()
        with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative; nor has a compiled network
            logits = self.model.discriminator(real, seen, timesteps)
        (slope,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
        return slope.square().flatten(1).sum(1)
