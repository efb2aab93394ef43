"""Time-dependent classifiers, vanilla and robust (Kawar, Ganz and Elad 2022)."""

from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import Field, WithJsonSchema

from energyguide.config.names import Network
from energyguide.config.parts import Augment, Block, Count, System, Text, Training, UNet, Whole, about, differ, listed, number

FRACTION = Annotated[str, Field(pattern="^[1-9][0-9]*/[1-9][0-9]*$")]
Radii = Annotated[
    listed(number(gt=0) | FRACTION, 1, None, differ),
    WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": ["number", "string"]}}),
]
VANILLA = "time-vanilla"


class Threats(Block):
    """Threat models: radii by norm, as numbers or as fractions such as 4/255."""

    l2: Radii | None = about("L2 radii, on [0, 1] pixels.", default=None)
    linf: Radii | None = about("Largest changes of a pixel, on [0, 1] pixels.", default=None)

    def check(self, need, experiment):
        need(self.l2 or self.linf, "l2", "one norm at least needs radii")


class Compared(Block):
    """What tables and figures on time-dependent classifiers compare."""

    unguided: Text = about("The unguided variant; the snapshots of its model are measured.")
    vanilla: Text = about("The variant guided by the vanilla classifier.")
    robust: Text = about("The variant guided by a robust classifier; the others take its place in the table of threat models.")
    scale: number(gt=0) = about("Scale at which `vanilla` and `robust` are compared; one of those of both.")

    def check(self, need, experiment):
        for key in ("vanilla", "robust"):
            experiment.same_walk(need, key, self.unguided, getattr(self, key))
            variant = experiment.variants[getattr(self, key)]
            used = variant.guide or ""
            need(used in experiment.time_classifiers.attacks, key, "must be guided by a time-dependent classifier")
            need((used == VANILLA) == (key == "vanilla"), key, f"{used!r} is not a {key} one")
            need(variant.guidance == "classifier", key, "must have guidance `classifier` (Dhariwal and Nichol)")
            need(variant.unit == "sigma2", key, "must have unit `sigma2` (Dhariwal and Nichol)")
        for name in (self.robust, self.vanilla):
            known = experiment.variants[name].grid
            need(self.scale in known, "scale", f"{self.scale} is not one of the scales of {name!r}, {known}")
        given = experiment.diffusion.models[experiment.variants[self.unguided].model].p_uncond
        need(given == 0, "unguided", "must be of a class-conditional model, with `p_uncond` 0")


class TimeGradients(Block):
    """The figures of the gradients of time-dependent classifiers."""

    timesteps: listed(Whole, 1, None, differ) = about("At which timesteps.")
    images: Count = about("Test images shown, at most one of each class.")
    eps: number(gt=0) = about("L2 radius of the targeted attack, on [0, 1] pixels.")
    steps: Count = about("Steps of the targeted attack.")

    def check(self, need, experiment):
        last, steps = max(self.timesteps), experiment.process.steps
        need(last < steps, "timesteps", f"{last} is beyond the last timestep, {steps - 1}")


class TimeClassifiers(System):
    """Classifiers of x_t and t: one vanilla, and one robust for each threat model and number of attack steps."""

    packed: ClassVar = ("time_classifier",)
    network: UNet = about("The encoder of a UNet, with attention pooling.")
    training: Training = about("How they are trained.")
    augment: Augment = about("Augmentation of the training images.", default=Augment())
    threats: Threats = about("Threat models: radii by norm, on [0, 1] pixels.")
    steps: listed(Count, 1, None, differ) = about("Numbers of PGD steps; each sample is left alone once it is misclassified.")
    compared: Compared = about("What tables and figures on time-dependent classifiers compare.")
    gradients: TimeGradients = about("The figures of their gradients.")

    def check(self, need, experiment):
        self.network.fit(need, "network", experiment.data.size)
        self.training.unscored(need)
        followed, models = self.followed(experiment), experiment.diffusion.models
        release = experiment.weights.get(followed)
        if release:
            empty = f"`diffusion.models.{followed}.snapshots` must be [], as nothing is trained: see `weights`"
            need(not models[followed].snapshots, "compared.unguided", empty)
            need(release.steps, "compared.unguided", f"`weights.{followed}.steps` is missing: for how many steps was it trained?")

    @property
    def attacks(self):
        """The attacks of training by the classifier's name: "time-vanilla", and such as "time-l2-0.25-7"."""
        attacks = {VANILLA: {"norm": "l2", "eps": 0.0, "steps": 0}}
        for norm in ("l2", "linf"):
            for eps in getattr(self.threats, norm) or ():
                for steps in self.steps:
                    name = f"time-{norm}-{str(eps).replace('/', '_')}-{steps}"
                    attacks[name] = {"norm": norm, "eps": float(Fraction(str(eps))), "steps": steps}
        return attacks

    def networks(self, experiment):
        data, kind = experiment.data, "time_classifier"
        arguments = {"channels": data.channels, "size": data.size, "classes": data.classes, **self.network.dump()}
        return [
            Network(name, kind, "time_classifier.TimeClassifier", arguments, self.training, attack["eps"], attack["steps"])
            for name, attack in self.attacks.items()
        ]

    def followed(self, experiment):
        """The diffusion model whose snapshots the table of training iterations follows."""
        return experiment.variants[self.compared.unguided].model

    def snapshots(self, experiment):
        """The numbers of training steps by the variants that sample the model as it was then; the last is the final model."""
        name, followed = self.compared.unguided, self.followed(experiment)
        last = experiment.weights.get(followed, experiment.diffusion.training).steps
        steps = experiment.diffusion.models[followed].snapshots
        return {**{f"{name}@{step}": step for step in steps}, name: last}

    def robust(self, experiment):
        """The attacks of training by the variants that the classifier guides; one is the robust variant itself."""
        name, own = self.compared.robust, experiment.variants[self.compared.robust].guide
        return {name if c == own else f"{name}+{c}": attack for c, attack in self.attacks.items() if attack["eps"]}

    def variants(self, experiment):
        """The variants of one table only: of each snapshot, and of each threat model."""
        unguided, robust = experiment.variants[self.compared.unguided], experiment.variants[self.compared.robust]
        found = {}
        for name in self.snapshots(experiment):
            if name != self.compared.unguided:
                found[name] = unguided.but(model=f"{unguided.model}@{name.rpartition('@')[2]}")
        for name in self.robust(experiment):
            if name != self.compared.robust:
                found[name] = robust.but(classifier=name.rpartition("+")[2], scales=[self.compared.scale])
        return found
