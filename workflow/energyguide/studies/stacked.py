"""A denoising diffusion GAN of stacked digits, and how many of the 1000 kinds it covers (Xiao, Kreis and Vahdat 2022)."""

import numpy as np
import torch

from energyguide.data.load import load
from energyguide.data.noise import fold
from energyguide.diffusion.denoisers.ddgan import generate
from energyguide.diffusion.samplers import to_uint8
from energyguide.diffusion.schedule import schedule_of
from energyguide.nets.ddgan import Adversaries, Discriminator, Generator, generator_weights
from energyguide.training.ddgan import AdversarialObjective
from energyguide.training.loop import train


def stacked(images, labels, count, seed):
    """Three of the images (n, 1, height, width), each with its own label, as channels of one.

    Returns:
        (count, 3, height, width), and the numbers (count,) that their labels spell, below 1000.
    """
    chosen = np.random.default_rng(seed).integers(len(images), size=(count, 3))
    return images[chosen][:, :, 0], spelled(labels[chosen])


def spelled(digits):
    """(n, 3) digits -> (n,) numbers."""
    return digits @ np.array([100, 10, 1])


def coverage(numbers, expected):
    """How many of the kinds of stacked digits are there, and how far their distribution is from the expected one.

    Args:
        numbers: (n,), below 1000.
        expected: (1000,) probabilities, none of them 0.

    Returns:
        "modes", and "kl" in nats: KL(numbers || expected).
    """
    shares = np.bincount(numbers, minlength=len(expected)) / len(numbers)
    there = shares > 0
    kl = float((shares[there] * np.log(shares[there] / expected[there])).sum())
    return {"modes": int(there.sum()), "of": len(expected), "kl": kl}


class Reader:
    """A support vector machine that reads stacked digits, one channel at a time.

    Args:
        images: uint8 (n, 1, height, width), `labels` (n,).
    """

    def __init__(self, images, labels):
        from sklearn.svm import SVC

        self.machine = SVC(gamma=0.001).fit(self.flat(images), labels)

    @staticmethod
    def flat(images):
        return images.reshape(images.shape[0] * images.shape[1], -1) / 16

    def accuracy(self, images, labels):
        """Share of the images (n, 1, height, width) that it reads right."""
        return self.machine.score(self.flat(images), labels)

    def read(self, images):
        """The numbers (n,) that images (n, 3, height, width) spell."""
        return spelled(self.machine.predict(self.flat(images)).reshape(-1, 3))


def trained(p, images, numbers, seed, device, store):
    """A GAN of stacked digits, trained on images uint8 (n, 3, height, width) that spell `numbers`; its schedule, and seconds."""
    torch.manual_seed(seed)
    size = images.shape[-1]
    generator = Generator(3, size, p.latent, **p.generator)
    model = Adversaries(generator, Discriminator(3, size, **p.discriminator))
    schedule = schedule_of(p.process, p.levels)
    objective = AdversarialObjective(model, schedule, "posterior", p.r1, device, acceleration=p.acceleration)
    tensors = torch.from_numpy(images).to(device).float() / 255, torch.from_numpy(numbers).to(device)
    weights, history = train(objective, p.training, *tensors, seed, store, "the GAN of stacked digits")
    generator.load_state_dict(generator_weights(weights))
    return generator.eval(), schedule, history["seconds"]


def cover(p, device, store):
    """Train the GAN of stacked digits, and see how many of the kinds it covers.

    Args:
        p: `levels` (how it is sampled), `process`, `latent`, `generator`, `discriminator`, `r1`, `training`, `images` to train
            on, `samples`, `acceleration` and `seed`.
        store: as in `training.loop.train`.

    Returns:
        a hundred images uint8 (100, 3, height, width), "drawn" and "real"; and how samples and as many real images cover the
        kinds, with the accuracy of the reader and the seconds of the training.
    """
    seed = fold(p.seed, "stacked")
    digits = load({"source": "digits", "held_out": 0.125}, 0)
    images, labels = (np.concatenate([part["train"], part["val"]]) for part in (digits.images, digits.labels))
    reader = Reader(images, labels)
    share = np.bincount(labels) / len(labels)
    expected = np.einsum("i,j,k->ijk", share, share, share).ravel()
    shown, numbers = stacked(images, labels, p.images, seed)
    generator, schedule, seconds = trained(p, shown, numbers, seed, device, store)
    parts = torch.arange(p.samples, device=device).split(400)
    samples = torch.cat([generate(generator, p.latent, schedule, some, shown.shape[1:], seed) for some in parts])
    samples, (real, _) = to_uint8(samples).cpu().numpy(), stacked(images, labels, p.samples, fold(seed, "real"))
    accuracy = reader.accuracy(digits.images["test"], digits.labels["test"])
    covers = {name: coverage(reader.read(some), expected) for name, some in {"drawn": samples, "real": real}.items()}
    return {"drawn": samples[:100], "real": real[:100]}, {"accuracy": accuracy, "seconds": seconds, **covers}
