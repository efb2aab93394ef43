"""What the blocks of the configuration are made of."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema


class ConfigError(Exception):
    """One line that names the key, what is wrong with it, and what would be right."""


class Block(BaseModel):
    """A mapping of the configuration: its keys, what they may hold, and what they mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def check(self, need, experiment):
        """Where this block does not fit into the experiment, `need(condition, key, message)` raises ConfigError."""

    def dump(self, *keys, without=()):
        """The block as a mapping of plain values, or these keys of it; what is null is left out."""
        return self.model_dump(by_alias=True, exclude_none=True, include=set(keys) or None, exclude=set(without))


class System(Block):
    """A block that an experiment can leave out: with it go its jobs, its tables, figures and numbers, and its section.

    Attributes:
        needs: the systems without which it is left out too.
        packed: those of its rules whose jobs can make several results, as `per_job` says.
    """

    needs: ClassVar = ()
    packed: ClassVar = ()

    def networks(self, experiment):
        """The networks that it trains, beside those of the core."""
        return []

    def variants(self, experiment):
        """The variants that it samples beside those of the configuration, by name."""
        return {}


def about(text, **options):
    """A field that must be given, or has a `default`, and what it means."""
    return Field(options.pop("default", ...), description=text, **options)


def number(**limits):
    """A number within `gt`, `ge`, `lt`, `le`; one that is written as a whole number stays one."""
    words = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
    schema = {"type": "number", **{words[key]: value for key, value in limits.items()}}
    return Annotated[int | float, Field(**limits), WithJsonSchema(schema)]


def differ(values):
    if len({str(value) for value in values}) < len(values):
        raise ValueError("an item is listed twice")
    return values


def rise(values):
    if any(a >= b for a, b in zip(values, values[1:], strict=False)):
        raise ValueError("must rise")
    return values


def listed(kind, least=1, most=None, *rules):
    """A list of so many values of a kind; `rules` are `differ` and `rise`."""
    return Annotated[list[kind], Field(min_length=least, max_length=most), *map(AfterValidator, rules)]


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Count = Annotated[int, Field(ge=1)]
Whole = Annotated[int, Field(ge=0)]
Radius = number(ge=0)
Weight = number(ge=0)
Share = number(ge=0, le=1)


class Training(Block):
    """How a network is trained."""

    steps: Count = about("Optimiser steps.")
    batch: Count = about("Images in each step.")
    optimizer: Literal["adamw", "sgd"] = about("AdamW, or SGD with momentum 0.9.", default="adamw")
    lr: number(gt=0) = about("Learning rate after the warm-up.")
    lr_end: number(ge=0) = about("Learning rate at the end, for the schedules `cosine` and `linear`.")
    lr_schedule: Literal["constant", "cosine", "linear", "milestones"] = about(
        "How the rate falls after the warm-up; `milestones` divides it by ten at each.", default="cosine"
    )
    warmup: Whole = about("Steps of linear warm-up.", default=0)
    weight_decay: Weight = about("Weight decay of the optimiser.", default=0)
    clip: Weight = about("Largest norm of the gradient; 0 for no clipping.", default=0)
    ema_images: Whole = about("Half-life, in images, of the average of the weights; 0 for none.", default=0)
    score_every: Whole = about(
        "Steps between scores on held-out images, of which the best decides the weights; 0 for none.", default=0
    )
    milestones: listed(Share, 0) = about("Shares of the run after which the rate is divided by ten.", default=[])
    betas: listed(number(ge=0, lt=1), 2, 2) | None = about(
        "Decay rates of AdamW's two averages; null: 0.9 and 0.999.", default=None
    )

    def check(self, need, experiment):
        need(self.warmup < self.steps, "warmup", "must be less than `steps`")
        need(self.lr_end <= self.lr, "lr_end", "must not be larger than `lr`")

    def unscored(self, need):
        need(self.score_every == 0, "training.score_every", "must be 0: nothing is scored")


class Augment(Block):
    """Augmentation of the training images."""

    crop: Whole = about("Random shifts of up to this many pixels.", default=0)
    flip: bool = about("Random mirroring, left to right.", default=False)
    jitter: Share = about("Random brightness, contrast and saturation, each by a factor in 1 +- this.", default=0)


class UNet(Block):
    """A UNet, or its encoder."""

    width: Annotated[int, Field(ge=4)] = about("Channels at full resolution, a multiple of 4.")
    multipliers: listed(Count) = about("Channels of each level, in widths; each level but the first halves the resolution.")
    blocks: Count = about("Residual blocks of each level.", default=1)
    attention: listed(Count, 0) = about("Resolutions, in pixels, with self-attention.", default=[])
    dropout: number(ge=0, lt=1) = about("Share of the features that dropout sets to zero.", default=0)

    def fit(self, need, key, size):
        """Whether it can take images of `size` pixels; `key` is where it is."""
        halvings = len(self.multipliers) - 1
        remedy = f"take a `data.size` that is a multiple of {2**halvings}, or fewer multipliers"
        need(size % 2**halvings == 0, f"{key}.multipliers", f"{halvings} halvings do not divide {size} pixels; {remedy}")
        levels = [size >> i for i in range(halvings + 1)]
        odd = ", ".join(map(str, {*self.attention} - {*levels}))
        need(not odd, f"{key}.attention", f"there is no level of {odd} pixels; the levels are {levels}")
        need(self.width % 4 == 0, f"{key}.width", "must be a multiple of 4")


class Adversaries(Block):
    """A generator and a discriminator, trained against each other."""

    r1: Weight = about("Weight of the penalty on the discriminator's gradient at real images.")
    generator: UNet = about("The generator.")
    discriminator: UNet = about("The discriminator: the encoder of a UNet.")
    training: Training = about("How they are trained.")

    def fit(self, need, size):
        """Whether both can take images of `size` pixels, and their training needs no score."""
        for part in ("generator", "discriminator"):
            getattr(self, part).fit(need, part, size)
        self.training.unscored(need)


class ResNet(Block):
    """A residual network."""

    block: Literal["basic", "bottleneck"] = about("The kind of residual block.", default="basic")
    layers: listed(Count, 1, 4) = about("Blocks of each stage.")
    width: Count = about("Planes of the first stage.")


class Vgg(Block):
    """A plain convolutional network."""

    layers: listed(Count) = about("Convolutions of each stage; each stage but the first halves the resolution.")
    width: Count = about("Channels of the first stage, doubled at each next one.")

    def fit(self, need, key, size):
        """Whether it can take images of `size` pixels; `key` is where it is."""
        halvings = len(self.layers) - 1
        need(size >> halvings, f"{key}.layers", f"{halvings} halvings leave nothing of {size} pixels; take fewer stages")


class Attack(Block):
    """The attack of adversarial training."""

    norm: Literal["l2", "linf"] = about("The norm in which its radius is measured.")
    steps: Count = about("Steps of PGD; one is the fast gradient method from a random start.")
    stop_when_fooled: bool | None = about(
        "Whether it leaves an image alone once it is misclassified: faster, and a weaker attack in training.", default=None
    )


class Sampler(Block):
    """How a variant is sampled."""

    sampler: Literal["ddpm", "ddim", "dpm"] = about(
        "The kind of step: DDPM, DDIM, or the second-order multistep solver DPM-Solver++(2M)."
    )
    steps: Count = about("Steps of the reverse process, at most `process.steps`.")
    spacing: Literal["uniform", "quadratic", "trailing"] = about(
        "How the steps are spread over the timesteps: `uniform`, `quadratic` (DDIM, app. D.2), or `trailing`, with the last one."
    )
    variance: Literal["small", "large"] = about("Variance of a DDPM step: `small` is beta~_t, `large` is beta_t.")
    eta: Share = about("Noise of a DDIM step; 0 is deterministic.")
    clip: bool = about("Whether the predicted image is kept in its range at each step.")
    at: Literal["x_t", "x0"] = about("Where gradients are taken: at x_t, or at the predicted x_0.")

    @property
    def noisy(self):
        """Whether its steps draw noise: where they do not, sigma_t is 0."""
        return self.sampler == "ddpm" or (self.sampler == "ddim" and self.eta > 0)
