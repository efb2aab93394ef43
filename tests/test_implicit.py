"""The implicit classifier of a joint diffusion model, where the noise is known."""

import pytest
import torch

from energyguide.classifiers.gradients import classifier_gradient
from energyguide.diffusion.schedule import linear_schedule
from energyguide.studies.implicit import alignment, implicit_errors, implicit_gradient

SCHEDULE = linear_schedule()


@pytest.mark.parametrize("t", [0, 100, 500, 999])
def test_the_implicit_gradient_is_that_of_the_posterior(mixture, generator, t):
    x, y = torch.randn(30, 1, 1, 2, generator=generator, dtype=torch.float64), torch.arange(30) % 3
    implicit = implicit_gradient(mixture.joint, SCHEDULE, x, t, y, 3)
    exact = classifier_gradient(lambda z, s: mixture.logits(z, SCHEDULE.abar[s].item()), x, t, y)
    torch.testing.assert_close(implicit, exact, rtol=1e-8, atol=1e-8)
    clear = exact.flatten(1).norm(dim=1) > 1e-6  # where the class is sure, there is nothing to compare
    assert clear.sum() > 20
    assert (alignment(implicit, exact)[clear] > 1 - 1e-9).all() and (alignment(implicit, -exact)[clear] < -1 + 1e-9).all()


def test_the_least_error_of_the_noise_belongs_to_the_class_of_the_image(mixture, generator):
    """Summed over timesteps and noise it orders the classes as the likelihood p(x|c) does, but for close calls."""
    y = torch.arange(60) % 3
    noise = torch.randn(41, 60, 1, 1, 2, generator=generator, dtype=torch.float64)
    x = mixture.means[y].view(60, 1, 1, 2) + mixture.variances[y].sqrt().view(60, 1, 1, 2) * noise[0]
    timesteps = range(0, 1000, 25)
    errors = sum(implicit_errors(mixture.joint, SCHEDULE, x, t, e, 3) for t, e in zip(timesteps, noise[1:], strict=True))
    likelihood = mixture.logits(x) - mixture.weights.log()
    agree = (errors.argmin(1) == likelihood.argmax(1)).double().mean()
    assert errors.shape == (60, 3) and agree > 0.9
