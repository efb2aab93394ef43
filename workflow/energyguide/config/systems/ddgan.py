"""Denoising diffusion GANs (Xiao, Kreis and Vahdat 2022)."""

from typing import ClassVar, Literal

from energyguide.config.names import Network
from energyguide.config.parts import Adversaries, Augment, Block, Count, Name, System, Text, Whole, about


def levels(steps):
    """The noise levels between which a denoising diffusion GAN of so many steps is trained."""
    return {"steps": steps, "spacing": "trailing"}


def leaps(steps, kind="posterior"):
    """How a denoising diffusion GAN is sampled."""
    steps, sampler = 1 if kind == "one-shot" else steps, "direct" if kind == "direct" else "ddpm"
    return {**levels(steps), "sampler": sampler, "variance": "small", "eta": 0, "clip": False}


class DdganModel(Block):
    """A denoising diffusion GAN."""

    label: Text = about("Its name in tables and figures.")
    steps: Count = about("Steps from noise to image; of `one-shot`, the noise levels at which the discriminator compares.")
    kind: Literal["posterior", "direct", "one-shot"] = about(
        "What the generator's output is: an image, from which the next state is sampled (`posterior`); that state (`direct`); an "
        "image made of noise in one step (`one-shot`)."
    )
    latent: Whole | None = about("In place of `ddgan.latent`.", default=None)


class Ddgan(Adversaries, System):
    """Denoising diffusion GANs, unconditional."""

    packed: ClassVar = ("ddgan",)
    latent: Whole = about("Length of the random vector that the generator takes beside x_t; 0 for none.")
    augment: Augment = about("Augmentation of the training images.", default=Augment())
    models: dict[Name, DdganModel] = about("The models to train, by name.")

    def check(self, need, experiment):
        taken = experiment.diffusion.models, experiment.variants, experiment.vdm.models if experiment.vdm else {}
        for name, model in self.models.items():
            experiment.free(need, f"models.{name}", name, *taken)
            few = model.steps <= experiment.process.steps
            need(few, f"models.{name}.steps", "the process has fewer timesteps (`process.steps`)")
        self.fit(need, experiment.data.size)

    def networks(self, experiment):
        shape = {"channels": experiment.data.channels, "size": experiment.data.size}
        found = []
        for name, model in self.models.items():
            latent = self.latent if model.latent is None else model.latent
            own = {"latent": latent, "bounded": model.kind != "direct", **self.generator.dump()}
            found.append(Network(name, "ddgan", "ddgan.Generator", {**shape, **own}, self.training))
        return found

    def variants(self, experiment):
        return {
            name: experiment.unguided(model.label, name).but(**leaps(model.steps, model.kind))
            for name, model in self.models.items()
        }
