"""The modes that denoising diffusion GANs cover, of data whose modes can be counted."""

from energyguide.config.parts import Block, Count, System, Training, UNet, Weight, about, differ, listed

STACKED_SIZE = 8  # pixels of scikit-learn's digits


class Points(Block):
    """25 Gaussians in the plane."""

    r1: Weight = about("Weight of the penalty on the discriminator's gradient at real points.")
    steps: listed(Count, 1, None, differ) = about("Numbers of steps, one model each.")
    latent: Count = about("Length of the latent.")
    width: Count = about("Width of the hidden layers.")
    samples: Count = about("Points to sample from each model.")
    training: Training = about("How they are trained.")

    def check(self, need, experiment):
        need(max(self.steps) <= experiment.process.steps, "steps", "the process has fewer timesteps (`process.steps`)")
        self.training.unscored(need)


class Stacked(Block):
    """Three digits of scikit-learn as the channels of one image, of which there are 1000 kinds, in every experiment."""

    r1: Weight = about("Weight of the penalty on the discriminator's gradient at real images.")
    steps: Count = about("Steps from noise to image.")
    latent: Count = about("Length of the latent.")
    generator: UNet = about("The generator.")
    discriminator: UNet = about("The discriminator: the encoder of a UNet.")
    images: Count = about("Stacked images to train on.")
    samples: Count = about("Images to sample.")
    training: Training = about("How the model is trained.")

    def check(self, need, experiment):
        need(self.steps <= experiment.process.steps, "steps", "the process has fewer timesteps (`process.steps`)")
        for part in ("generator", "discriminator"):
            getattr(self, part).fit(need, part, STACKED_SIZE)
        self.training.unscored(need)


class Modes(System):
    """Denoising diffusion GANs of data whose modes can be counted."""

    points: Points = about("25 Gaussians in the plane.")
    stacked: Stacked = about("Stacked digits.")
