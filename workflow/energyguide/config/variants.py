"""A guidance variant: what every one has, and the parameters of its guidance function."""

from functools import cache
from importlib import import_module
from typing import Literal

from pydantic import BaseModel, create_model

from energyguide.config.names import modules, scale_name
from energyguide.config.parts import Block, Sampler, Share, Text, Whole, about, listed, number, rise
from energyguide.diffusion.spacing import kept_timesteps

GUIDANCE = modules("diffusion/guidance")


class Sigmoid(Block):
    """The sigmoid scheduler: (1 - y0) / (1 + exp(-k (t - t0))) + y0."""

    y0: Share = about("Its value at the image.")
    k: number(gt=0) = about("Its steepness per timestep.")
    t0: number(ge=0) = about("The timestep of its middle, of the full process.")


class Variant(Sampler):
    """A guidance variant: how it is sampled, and at which scales."""

    label: Text = about("Its name in tables and figures.")
    system: Text | list[Text] | None = about(
        "The system that it belongs to, or those: without one of them it is left out.", default=None
    )
    guidance: Literal[tuple(GUIDANCE)] = about("A module of workflow/energyguide/diffusion/guidance.")
    model: Text = about("The diffusion model, one of `diffusion.models`.")
    unit: Literal["sigma", "sigma2", "standard", "sigmoid", "eps", "difference"] | None = about(
        "What the scale multiplies besides the gradient: sigma_t, its square, sqrt(1 - abar_t), a sigmoid of t, sqrt(1 - abar_t) "
        "on eps; or, without a gradient, the difference of the two predictions of classifier-free guidance or autoguidance.",
        default=None,
    )
    sigmoid: Sigmoid | None = about("The parameters of the unit `sigmoid`.", default=None)
    interval: listed(Whole, 2, 2, rise) | None = about(
        "The first and the last timestep, of the full process, at which it is guided; null for all.", default=None
    )
    scales: listed(number(ge=0)) | None = about(
        "Guidance scales; one at which samples cease to be finite is reported as diverged.", default=None
    )
    strengths: listed(number(gt=0)) | None = about(
        "In place of scales: mean lengths of the shift over sigma_t, for each of which the scale is found that gives it.",
        default=None,
    )

    @property
    def grid(self):
        """What it is sampled at: scales, or strengths."""
        return self.strengths or self.scales

    @property
    def guided(self):
        return self.guidance != "unguided"

    @property
    def guide(self):
        """The name of the classifier that guides; None without one."""
        return getattr(self, "classifier", None)

    @property
    def weaker(self):
        """The name of the snapshot of its model that it is guided away from; None without one."""
        return getattr(self, "weak", None)

    @property
    def needs_energies(self):
        """Whether it asks for the energies of the training set, as the weight `lambda` of dE(x) tells."""
        return hasattr(self, "lambda_")

    @property
    def process(self):
        """How it is sampled: the fields of `Sampler`."""
        return {name: getattr(self, name) for name in Sampler.model_fields}

    def but(self, **changes):
        """The same with other values."""
        return self.model_copy(update=changes)

    def check(self, need, experiment):
        models, steps = experiment.diffusion.models, experiment.process.steps
        need(self.model in models, "model", f"{self.model!r} is not trained; there are {', '.join(models)}")
        need(self.steps <= steps, "steps", f"the process has only {steps} timesteps (`process.steps`)")
        if self.spacing == "quadratic":
            try:
                kept_timesteps(steps, self.steps, self.spacing)
            except ValueError:
                need(False, "steps", "so many quadratic steps would use a timestep twice; ask for fewer")
        need(
            (self.scales is None) != (self.strengths is None),
            "scales",
            "one of `scales` and `strengths` must be given; null for the other",
        )
        names = [scale_name(value) for value in self.grid]
        need(len({*names}) == len(names), "strengths" if self.strengths else "scales", "an item is listed twice")
        if self.guided:
            self.check_guided(need, experiment)
        else:
            need(names == ["0"], "scales", "an unguided variant has the one scale 0")
            need(self.unit is None, "unit", "an unguided variant has no unit")
            need(self.interval is None, "interval", "an unguided variant has no interval; remove it")

    def check_guided(self, need, experiment):
        need(max(self.grid) > 0, "scales", "a guided variant needs a scale above 0")
        need(self.unit, "unit", "is missing: what does the scale multiply?")
        if self.interval:
            (low, high), kept = self.interval, kept_timesteps(experiment.process.steps, self.steps, self.spacing)
            inside = any(low <= t <= high for t in kept)
            need(inside, "interval", f"none of the {self.steps} timesteps is in it, so nothing would be guided; widen it")
        if self.guidance in ("classifier_free", "free_and_energy"):
            joint = 0 < experiment.diffusion.models[self.model].p_uncond < 1
            need(joint, "model", "must be a joint model, with `p_uncond` between 0 and 1")
        if self.weaker:
            steps = experiment.diffusion.models[self.model].snapshots if self.model not in experiment.weights else []
            known = [f"{self.model}@{step}" for step in steps]
            there = f"there are {', '.join(known)}" if known else "it has none"
            need(self.weaker in known, "weak", f"{self.weaker!r} is not a snapshot of the model {self.model!r}; {there}")
        if self.guidance in ("classifier_free", "autoguidance"):
            need(self.unit == "difference", "unit", "must be `difference`: that of the two predictions")
        if self.guide is not None:
            self.check_guide(need, experiment)
        shifts = self.unit not in ("eps", "difference") and self.noisy
        need(shifts or not self.strengths, "scales", "must be given: nothing shifts a mean that has noise, by which strengths go")

    def check_guide(self, need, experiment):
        experiment.trained(need, "classifier", [self.guide], "classifier", "time_classifier")
        if self.needs_energies:
            experiment.trained(need, "classifier", [self.guide], "classifier")
        silent = self.unit in ("sigma", "sigma2") and not self.noisy
        need(not silent, "unit", "sigma is 0 in `dpm`, and in `ddim` with eta 0, so nothing would be guided; use unit `eps`")
        need(self.unit != "difference", "unit", "`difference` is the unit of guidance by two predictions, without a classifier")
        need(self.unit != "sigmoid" or self.sigmoid, "sigmoid", "unit `sigmoid` needs y0, k and t0")


@cache
def kind_of(guidance):
    """The class of the variants of a guidance function: a `Variant` with its `Parameters`."""
    own = getattr(import_module(f"energyguide.diffusion.guidance.{guidance}"), "Parameters", BaseModel)
    fields = {name: (field.annotation, field) for name, field in own.model_fields.items()}
    return create_model(f"Variant_{guidance}", __base__=Variant, __doc__=own.__doc__, **fields)
