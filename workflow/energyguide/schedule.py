"""The noise schedule: x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps.

Everything is computed once, in double precision, for the timesteps that are used.
"""

from dataclasses import dataclass
from functools import cached_property

import torch

SPACINGS = ("uniform", "quadratic", "trailing")


@dataclass(frozen=True)
class Schedule:
    """The timesteps of a process, ascending, and abar at each of them.

    Attributes:
        timesteps: (steps,) integers in [0, train_steps): what the network is told.
        abar: (steps,) float64, decreasing in (0, 1).
    """

    timesteps: torch.Tensor
    abar: torch.Tensor

    def __len__(self):
        return len(self.timesteps)

    def __getitem__(self, kept):
        """The schedule of some of the timesteps: a slice, or ascending indices (step,)."""
        return Schedule(self.timesteps[kept], self.abar[kept])

    @cached_property
    def abar_prev(self):
        """abar one step closer to the image; 1 at the first step."""
        return torch.cat([torch.ones(1, dtype=self.abar.dtype), self.abar[:-1]])

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

    def posterior(self, x0, x_t, t):
        """Mean and standard deviation of q(x_{t-1} | x_t, x_0) (DDPM, eq. 7), with `t` (batch,) indices into this schedule."""
        of_x0 = self.abar_prev.sqrt() * self.betas / (1 - self.abar)
        of_x_t = (1 - self.betas).sqrt() * (1 - self.abar_prev) / (1 - self.abar)
        return self.at(of_x0, t, x0) * x0 + self.at(of_x_t, t, x0) * x_t, self.at(self.posterior_variance.sqrt(), t, x0)

    def one_back(self, x0, t, eps, eps_t):
        """x_{t-1} and x_t of one path through the forward process, with `t` (batch,) indices into this schedule.

        `eps` and `eps_t` are the noise in x_{t-1}, and that of the step from there to x_t.
        """
        x_prev = self.at(self.abar_prev.sqrt(), t, x0) * x0 + self.at((1 - self.abar_prev).sqrt(), t, x0) * eps
        return x_prev, self.at((1 - self.betas).sqrt(), t, x0) * x_prev + self.at(self.betas.sqrt(), t, x0) * eps_t

    def add_noise(self, x0, t, eps):
        """x_t from `x0` and `eps` (batch, ...), with `t` (batch,) indices into this schedule."""
        return self.at(self.abar.sqrt(), t, x0) * x0 + self.at((1 - self.abar).sqrt(), t, x0) * eps


def linear_schedule(steps=1000, beta_start=1e-4, beta_end=0.02):
    """DDPM's schedule: betas from `beta_start` to `beta_end` in equal steps."""
    betas = torch.linspace(beta_start, beta_end, steps, dtype=torch.float64)
    return Schedule(torch.arange(steps), torch.cumprod(1 - betas, dim=0))


def schedule_of(process, spec):
    """The noise schedule of the `process` block, respaced as a variant asks."""
    return respace(linear_schedule(**process), spec["steps"], spec["spacing"])


def respace(schedule, steps, spacing="uniform"):
    """Keep `steps` timesteps of a schedule (DDIM, app. D.2): floor(c i), or floor(c i^2) up to 80 % of the way.

    "trailing" keeps the last timestep, and floor(c i) - 1 before it: for few steps, which are to begin at pure noise.

    Raises ValueError where the schedule has fewer than `steps`, or the spacing would use a timestep twice.
    """
    total = len(schedule)
    i = torch.arange(steps, dtype=torch.float64)
    if spacing == "uniform":
        kept = (i * total / steps).long()
    elif spacing == "trailing":
        kept = ((i + 1) * total / steps).long() - 1
    elif spacing == "quadratic":
        kept = torch.linspace(0, (0.8 * total) ** 0.5, steps, dtype=torch.float64).square().long()
    else:
        raise ValueError(f"spacing {spacing!r} is unknown; choose one of {', '.join(SPACINGS)}")
    if steps > total or len(kept.unique()) < steps:
        raise ValueError(f"{steps} {spacing} steps do not fit into a schedule of {total}; ask for fewer steps")
    return schedule[kept]


def intervals(schedule, steps):
    """Keep `steps` + 1 timesteps, evenly spread, the first and the last among them; a schedule has at least so many."""
    kept = torch.linspace(0, len(schedule) - 1, steps + 1, dtype=torch.float64).round().long()
    return schedule[kept]
