"""Classifier-free guidance (Ho and Salimans 2022)."""

from energyguide.config.parts import System, Text, about, differ, listed, number


class ClassifierFree(System):
    """What the table and figures on classifier-free guidance show."""

    variant: Text = about("The guided variant.")
    unguided: Text = about("The same model without guidance: w = 0.")
    shown: listed(number(ge=0), 1, None, differ) = about("Scales w whose samples are shown.")

    def check(self, need, experiment):
        experiment.same_walk(need, "variant", self.unguided, self.variant)
        variant = experiment.variants[self.variant]
        need(variant.guidance == "classifier_free", "variant", "must be guided by `classifier_free`")
        for w in self.shown:
            need(w in [0, *variant.grid], "shown", f"{w} is neither 0 nor one of its scales")
