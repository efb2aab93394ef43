"""The noise schedule: x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps.

Everything is computed once, in double precision, for the timesteps that are used.
"""

from dataclasses import dataclass
from functools import cached_property

import torch

from energyguide.diffusion.spacing import kept_timesteps


@dataclass(frozen=True)
class Schedule:
    """The timesteps of a process, ascending, and abar at each of them.

    Attributes:
        timesteps: (steps,) integers in [0, train_steps): what the network is conditioned on.
        abar: (steps,) float64, decreasing in (0, 1).
    """

    timesteps: torch.Tensor
    abar: torch.Tensor

    def __len__(self):
        return len(self.timesteps)

    def __getitem__(self, indices):
        """The schedule of some of the timesteps: a slice, or ascending indices (step,)."""
        return Schedule(self.timesteps[indices], self.abar[indices])

    def to(self, device):
        """The same on a device: there a training looks it up at each step, and copies nothing."""
        return Schedule(self.timesteps.to(device), self.abar.to(device))

    @cached_property
    def abar_prev(self):
        """abar one step closer to the image; 1 at the first step."""
        return torch.cat([self.abar.new_ones(1), self.abar[:-1]])

    @cached_property
    def betas(self):
        return 1 - self.abar / self.abar_prev

    @cached_property
    def posterior_variance(self):
        """beta~_t, the variance of q(x_{t-1} | x_t, x_0) ("fixed-small"; DDPM, eq. 7); 0 at the first step."""
        return self.betas * (1 - self.abar_prev) / (1 - self.abar)

    def sigma(self, variance):
        """Standard deviation of the reverse step: "small" is sqrt(beta~_t), "large" is sqrt(beta_t) (DDPM, sec. 3.2)."""
        return {"small": self.posterior_variance, "large": self.betas}[variance].sqrt()

    def at(self, values, t, x):
        """One of the columns of the schedule at `t` (batch,), indices into it, shaped to multiply `x` (batch, ...)."""
        return values.to(x.device)[t].to(x.dtype).view(-1, *[1] * (x.ndim - 1))

    def add_noise(self, x0, t, eps):
        """x_t from `x0` and `eps` (batch, ...), with `t` (batch,) indices into this schedule."""
        return self.at(self.abar.sqrt(), t, x0) * x0 + self.at((1 - self.abar).sqrt(), t, x0) * eps


def linear_schedule(steps=1000, beta_start=1e-4, beta_end=0.02):
    """DDPM's schedule: betas from `beta_start` to `beta_end` in equal steps."""
    betas = torch.linspace(beta_start, beta_end, steps, dtype=torch.float64)
    return Schedule(torch.arange(steps), torch.cumprod(1 - betas, dim=0))


def respace(schedule, steps, spacing="uniform"):
    """The schedule of `steps` of the timesteps. Raises ValueError if it has fewer or `spacing` would use one twice."""
    return schedule[torch.tensor(kept_timesteps(len(schedule), steps, spacing))]


def schedule_of(process, spec):
    """The noise schedule of the `process` block, respaced as a variant asks."""
    return respace(linear_schedule(**process), spec["steps"], spec["spacing"])
