"""All that was measured on samples, as the text speaks of it."""

import math

from energyguide.files.atomic import read_json
from energyguide.metrics.scales import CHOICE, at_scale, finite, read_metrics
from energyguide.metrics.statistics import Difference, verdicts
from energyguide.reporting.layout import MEASURES, escape, plus_minus
from energyguide.reporting.phrases import at_point, listing


def energy_radius(params):
    """The radius that the classifier whose energies are used was trained at."""
    return params.classifiers[params.energy_classifier]["eps_train"]


class Samples:
    """All that was measured on samples: by variant, at its best scale; made of the inputs and params SAMPLES of the rules."""

    def __init__(self, inputs, params):
        self.title, self.models, self.variants, self.baseline = params.title, params.models, params.variants, params.baseline
        self.classifiers = params.classifiers
        self.metrics = {name: read_metrics(inputs.metrics, name) for name in self.variants}
        self.best = {name: metrics["best"] for name, metrics in self.metrics.items()}
        self.floor = read_json(inputs.floor)
        self.guided = [name for name, spec in self.variants.items() if "unit" in spec]
        self.by_classifier = [name for name in self.guided if "classifier" in self.variants[name] and self.withheld(name) == 1]
        self.energy_classifier = energy_radius(params)

    def withheld(self, name):
        """How often the class was withheld from the model of a variant in training."""
        return self.models[self.variants[name]["model"]]["p_uncond"]

    def line(self, name):
        """The results of a variant by scale, where it has any: it may have diverged."""
        return finite(self.metrics[name]["scales"])

    def diverged(self, *names):
        """What is said in place of a comparison of these variants where some diverged at every scale; else an empty text."""
        lost = [self.called(name, scale=False) for name in names if not self.line(name)]
        said = f"There is nothing to compare: samples of {listing(lost)} ceased to be finite at every scale tried."
        return said if lost else ""

    def values(self, name, key):
        return at_scale(self.metrics[name], self.best[name])[key]

    def text(self, name, key):
        _, digits, factor = MEASURES[key]
        return plus_minus(self.values(name, key), digits, factor) + (r"\%" if factor == 100 else "")

    def verdicts(self, **pairs):
        """`verdicts` of the comparisons that answer one question: name -> (a variant, another, the measure)."""
        return verdicts({name: (self.values(a, key), self.values(b, key)) for name, (a, b, key) in pairs.items()})

    def gap(self, a, b, key):
        """How the text gives the paired difference of two variants: its mean and 95 % interval."""
        _, digits, factor = MEASURES[key]
        difference = Difference.of(self.values(a, key), self.values(b, key))
        unit = r"\,points" if factor == 100 else ""
        return rf"${factor * difference.mean:+.{digits}f} \pm {factor * difference.margin:.{digits}f}${unit}"

    def floor_text(self, key):
        return plus_minus(self.floor[key], *MEASURES[key][1:])

    def called(self, name, scale=True):
        """How the text calls a variant: its label, and its scale or strength."""
        label = rf"\emph{{{escape(self.variants[name]['label'])}}}"
        return f"{label} at {self.at(name)}" if scale and name in self.guided else label

    def at(self, name):
        """How the text gives the best scale of a variant, or its best strength."""
        return at_point(self.variants[name], self.best[name])

    def select(self, **wanted):
        """The variants whose block has these values."""
        return [name for name, spec in self.variants.items() if all(spec.get(k) == v for k, v in wanted.items())]

    def unguided(self, withheld, sampler="ddpm"):
        """The unguided variant of a model by how often its class was withheld: 1, 0 or between; None if there is none."""
        for name in self.select(guidance="unguided", sampler=sampler):
            p = self.withheld(name)
            if p == withheld or (withheld == "between" and 0 < p < 1):
                return name
        return None

    def finest(self, names):
        """The variant whose best scale is the best of all, by what scales are chosen by; the first where all diverged."""
        return min(names, key=lambda name: self.values(name, CHOICE) if self.line(name) else math.inf)
