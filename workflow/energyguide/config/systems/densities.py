"""Guided densities of three Gaussians."""

from energyguide.config.parts import Count, System, about, differ, listed, number


class Densities(System):
    """The guided densities of three Gaussians, in closed form and by the sampler."""

    scales: listed(number(ge=0), 1, None, differ) = about("Guidance scales w.")
    samples: Count = about("Samples drawn at each scale.")
    steps: Count = about("Steps of the reverse process.")

    def check(self, need, experiment):
        steps = experiment.process.steps
        need(self.steps <= steps, "steps", f"the process has only {steps} timesteps")
