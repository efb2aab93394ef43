"""What is recorded along the sampling trajectory."""

from typing import Annotated

from pydantic import Field

from energyguide.config.parts import Count, System, Text, about


class Trajectories(System):
    """Energies, shifts and frames along the sampling trajectory, at the best scale of each variant or that of `compared`."""

    samples: Count = about("Samples followed.")
    frames: Annotated[int, Field(ge=2)] = about("Frames of the strips.")
    variant: Text = about("The variant whose reverse process is drawn; the first guided one, where that is left out.")

    def check(self, need, experiment):
        need(self.samples <= experiment.sampling.samples, "samples", "must not exceed `sampling.samples`")
        classes = experiment.data.classes
        need(self.samples >= classes, "samples", f"must show each of the {classes} classes once; raise it to {classes}")
        need(self.variant in experiment.known_variants, "variant", "is not one of `variants`")

    def shown(self, experiment):
        """The variant whose reverse process is drawn."""
        guided = [name for name, variant in experiment.variants.items() if variant.guided]
        return self.variant if self.variant in experiment.variants else guided[0]
