"""Names of what an experiment has, and of the modules that are found by them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]


def modules(folder):
    """The names of the modules in a folder of the package, as `diffusion/guidance`, where they are found by name."""
    return sorted(file.stem for file in (PACKAGE / folder).glob("[!_]*.py"))


def scale_name(scale):
    """How a scale is written in file names and tables."""
    return f"{scale:g}"


def classifier_name(eps_train):
    """The name of the classifier of images trained at this radius."""
    return f"eps{eps_train:g}"


@dataclass(frozen=True)
class Network:
    """A network of an experiment.

    Attributes:
        kind: the name of the rule that trains it: of what makes images also the module of its `Denoiser`, as "diffusion"; of
            others a name that ends in "classifier".
        architecture, arguments: as `nets.weights.build` takes them.
        training: the block of its training.
        eps_train: of a classifier, the radius of its adversarial training on [0, 1] pixels.
        attack_steps: of a classifier, the steps of the attack in its training.
        half: whether it is trained on one half of the training images alone, `data.splits.half`.
    """

    name: str
    kind: str
    architecture: str
    arguments: dict
    training: Any
    eps_train: Any = None
    attack_steps: int = 0
    half: bool = False

    @property
    def module(self):
        """Its module, below the package."""
        return f"nets/{self.architecture.partition('.')[0]}"

    @property
    def build(self):
        return self.architecture, self.arguments
