"""The modes that denoising diffusion GANs cover, of data whose modes can be counted."""

from energyguide.config.parts import Adversaries, Block, Count, System, Training, Weight, about, differ, listed

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


class Stacked(Adversaries):
    """Three digits of scikit-learn as the channels of one image, of which there are 1000 kinds, in every experiment."""

    steps: Count = about("Steps from noise to image.")
    latent: Count = about("Length of the latent.")
    images: Count = about("Stacked images to train on.")
    samples: Count = about("Images to sample.")

    def check(self, need, experiment):
        need(self.steps <= experiment.process.steps, "steps", "the process has fewer timesteps (`process.steps`)")
        self.fit(need, STACKED_SIZE)


class Modes(System):
    """Denoising diffusion GANs of data whose modes can be counted."""

    points: Points = about("25 Gaussians in the plane.")
    stacked: Stacked = about("Stacked digits.")
