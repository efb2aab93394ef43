"""The factorial of guidance by an image classifier: what it descends, how robust it is, and where the gradient is taken."""

from typing import Literal

from energyguide.config.parts import System, Text, about, differ, listed, number
from energyguide.config.variants import kind_of


class Factorial(System):
    """Every loss by every classifier by every point of the gradient, all in one unit and at one strength."""

    model: Text = about("The diffusion model that is guided.")
    unit: Literal["sigma", "sigma2", "standard"] = about("The unit of all.")
    strength: number(gt=0) = about("The strength of all.")
    normalisers: listed(number(ge=0), 1, None, differ) = about(
        "Losses E(x, y) - w E(x), by w: 0 is energy, 1 classifier guidance."
    )
    lambdas: listed(number(gt=0), 0, None, differ) = about("Losses E(x, y) + lambda dE(x), by lambda.")
    classifiers: listed(Text, 1, None, differ) = about("The classifiers of images that guide.")
    at: listed(Literal["x_t", "x0"], 1, 2, differ) = about("Where the gradient is taken: at x_t, or at the predicted x_0.")

    def check(self, need, experiment):
        experiment.trained(need, "classifiers", self.classifiers, "classifier")
        need(self.model in experiment.diffusion.models, "model", f"{self.model!r} is not trained")
        noisy = experiment.sampling.process.noisy
        need(noisy, "strength", "has no meaning where `sampling.process` draws no noise")
        for name in self.cells:
            experiment.free(need, "classifiers", name, experiment.variants)

    @property
    def losses(self):
        """The losses by name: what the block of a variant says of each."""
        energies = {f"w{w:g}": {"guidance": "energy", "normaliser": w} for w in self.normalisers}
        return energies | {f"lambda{x:g}": {"guidance": "joint", "lambda": x} for x in self.lambdas}

    @property
    def cells(self):
        """The cells by the name of their variant: (loss, classifier, point)."""
        return {
            f"factorial-{loss}-{classifier}-{at}": (loss, classifier, at)
            for at in self.at
            for classifier in self.classifiers
            for loss in self.losses
        }

    def variants(self, experiment):
        process = experiment.sampling.process.model_dump()
        found = {}
        for name, (loss, classifier, at) in self.cells.items():
            block = {**process, **self.losses[loss], "label": name, "model": self.model, "classifier": classifier, "at": at}
            kind = kind_of(block["guidance"])
            found[name] = kind(**block, unit=self.unit, strengths=[self.strength])
        return found
