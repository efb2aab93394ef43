"""The preference survey: which of two samples raters prefer."""

from typing import ClassVar

from energyguide.config.parts import Count, System, Text, about


class Survey(System):
    """Pairs of samples from the same noise, guided by the robust and by the vanilla time-dependent classifier."""

    needs: ClassVar = ("time_classifiers",)

    pairs: Count = about("Pairs shown.")
    answers: Text = about("Folder in which a folder named as the experiment holds the answers, as CSV files.")

    def check(self, need, experiment):
        first = experiment.sampling.first_shard
        need(self.pairs <= first, "pairs", f"the first shard has only {first} samples")
