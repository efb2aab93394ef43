"""Variational diffusion models (Kingma et al. 2021)."""

from typing import Annotated

from pydantic import Field

from energyguide.config.names import Network
from energyguide.config.parts import Augment, Block, Count, Name, System, Text, about, differ, listed, number


class VdmModel(Block):
    """A variational diffusion model, with the network and the training of the diffusion models."""

    label: Text = about("Its name in tables and figures.")
    steps: Count | None = about("Steps of the bound that it is trained on; null for continuous time.")
    fourier: listed(Annotated[int, Field(ge=0, le=16)], 0, None, differ) = about(
        "Exponents n of the features sin(2^n pi x) and cos(2^n pi x)."
    )


class Vdm(System):
    """Unconditional UNets that see Fourier features and learn their noise schedule, on a bound on the likelihood of images."""

    gamma: listed(number(), 2, 2) = about("-log SNR at the image and at the noise, from which training starts.")
    augment: Augment = about("Augmentation of the training images; none for published bits per dimension.", default=Augment())
    models: dict[Name, VdmModel] = about("The models to train, by name.")

    def check(self, need, experiment):
        need(self.gamma[0] < self.gamma[1], "gamma", "must rise from the image to the noise")
        for name in self.models:
            experiment.free(need, f"models.{name}", name, experiment.diffusion.models, experiment.variants)

    def networks(self, experiment):
        data = experiment.data
        common = {"channels": data.channels, "size": data.size, "gamma": self.gamma}
        arguments = {name: {**common, "fourier": model.fourier} for name, model in self.models.items()}
        network = experiment.diffusion.network.dump()
        training = experiment.diffusion.training
        return [Network(name, "vdm", "vdm.VDM", {**own, **network}, training) for name, own in arguments.items()]

    def variants(self, experiment):
        return {name: experiment.unguided(model.label, name) for name, model in self.models.items()}
