"""The likelihood of the test images: the evidence lower bound, in bits per dimension."""

from typing import Annotated, Literal

from pydantic import Field

from energyguide.config.parts import Count, System, about, differ, listed, rise


class Likelihood(System):
    """The variational bound on the likelihood of the test images."""

    models: listed(str, 1, None, differ) = about(
        "The unconditional diffusion models that are measured; all variational ones are."
    )
    steps: listed(Count, 1, None, rise) = about("Numbers of steps of the bound, rising.")
    draws: Annotated[int, Field(ge=2)] = about("Estimates, each of all images; their spread is the uncertainty.")
    shapes: listed(Literal["linear", "quadratic", "cosine"], 0, None, differ) = about(
        "Shapes of a schedule in place of a learned one: functions of workflow/energyguide/metrics/likelihood.py."
    )

    def check(self, need, experiment):
        known = [name for name, model in experiment.diffusion.models.items() if model.p_uncond == 1]
        for name in self.models:
            need(name in known, "models", f"{name!r} is not an unconditional diffusion model; there are {', '.join(known)}")
        last = experiment.process.steps - 1
        need(self.steps[-1] <= last, "steps", f"the process has only {last} steps from one timestep to another")

    def measured(self, experiment):
        """The names of the models that are measured."""
        return [*self.models, *(experiment.vdm.models if experiment.vdm else ())]
