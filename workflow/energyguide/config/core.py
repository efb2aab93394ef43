"""The blocks that every experiment has."""

from typing import Annotated, Literal

from pydantic import Field

from energyguide.config.names import Network, classifier_name
from energyguide.config.parts import (
    Attack,
    Augment,
    Block,
    Count,
    Name,
    Radius,
    ResNet,
    Sampler,
    Share,
    Text,
    Training,
    UNet,
    Vgg,
    about,
    differ,
    listed,
    number,
    rise,
)


class Acceleration(Block):
    """What makes networks fast where the hardware has it; not worth it for the smallest ones."""

    bf16: bool = about("Products and convolutions in bf16, weights and results in float32, on GPUs and CPUs that have it.")
    compiled: bool = about("Compile the networks on a GPU, which takes each job about a minute.")


class Process(Block):
    """The noise schedule: betas in equal steps."""

    steps: Annotated[int, Field(ge=1, le=100_000)] = about("Timesteps from the image to noise.")
    beta_start: number(gt=0, lt=1) = about("Beta of the first timestep.")
    beta_end: number(gt=0, lt=1) = about("Beta of the last timestep.")

    def check(self, need, experiment):
        need(self.beta_start < self.beta_end, "beta_end", "must be larger than `beta_start`")


class DiffusionModel(Block):
    """A diffusion model."""

    p_uncond: Share = about(
        "How often the class is dropped in training: 0 class-conditional, 1 unconditional, between them joint."
    )
    snapshots: listed(Count, 0, None, rise) = about(
        "Numbers of training steps after which the weights are kept too, rising; of one model.", default=[]
    )


class Diffusion(Block):
    """The diffusion models."""

    network: UNet = about("The UNet of all diffusion models.")
    training: Training = about("How the diffusion models are trained.")
    augment: Augment = about("Augmentation of the training images.", default=Augment())
    models: Annotated[dict[Name, DiffusionModel], Field(min_length=1)] = about("The models to train, by name.")

    def check(self, need, experiment):
        self.network.fit(need, "network", experiment.data.size)
        self.training.unscored(need)
        for name, model in self.models.items():
            last = model.snapshots[-1:] or [0]
            early = last[0] < self.training.steps
            need(early, f"models.{name}.snapshots", f"must come before the last step, {self.training.steps}")
        first, *more = [name for name, model in self.models.items() if model.snapshots] or [""]
        need(not more, f"models.{', '.join(more)}.snapshots", f"only one model can have snapshots, and {first!r} has")

    def networks(self, experiment):
        data = experiment.data
        found = []
        for name, model in self.models.items():
            classes = 0 if model.p_uncond == 1 else data.classes
            arguments = {"channels": data.channels, "size": data.size, "classes": classes, **self.network.dump()}
            found.append(Network(name, "diffusion", "unet.UNet", arguments, self.training))
        return found


class Classifiers(Block):
    """The classifiers of images; they are named by their radius: eps0, eps0.25, ..."""

    network: ResNet = about("The network of all classifiers of images.")
    training: Training = about("How the classifiers are trained.")
    augment: Augment = about("Augmentation of the training images.", default=Augment())
    eps_train: listed(Radius) = about("Radii of adversarial training, on [0, 1] pixels; 0 is a plain classifier.")
    attack: Attack = about("The attack of adversarial training.")

    @property
    def radii(self):
        """The radius of each classifier, by its name."""
        return {classifier_name(eps): eps for eps in self.eps_train}

    def check(self, need, experiment):
        need(len(self.radii) == len(self.eps_train), "eps_train", "a radius is listed twice")
        need(0 in self.eps_train, "eps_train", "must hold 0: the plain classifier, with which the robust ones are compared")
        best_kept(need, self.training)

    def networks(self, experiment):
        shape = {"channels": experiment.data.channels, "classes": experiment.data.classes}
        arguments = {**shape, **self.network.dump()}
        return [
            Network(name, "classifier", "resnet.CifarResNet", arguments, self.training, eps, self.attack.steps if eps else 0)
            for name, eps in self.radii.items()
        ]


def best_kept(need, training):
    """Whether the training of a classifier ends in its best weights."""
    need(training.score_every > 0, "training.score_every", "must be positive: the best weights are kept")
    need(training.ema_images == 0, "training.ema_images", "must be 0: the best weights are kept, not an average")


class Judge(Block):
    """The evaluation classifier: a plain one that guides nothing, of another architecture than those that guide.

    It is trained on one half of the training images, so that the other half is new to it.
    """

    network: Vgg = about("Its network.")
    training: Training | None = about("How it is trained; null: as the other classifiers are.", default=None)

    def check(self, need, experiment):
        self.network.fit(need, "network", experiment.data.size)
        if self.training:
            best_kept(need, self.training)

    def networks(self, experiment):
        arguments = {"channels": experiment.data.channels, "classes": experiment.data.classes, **self.network.dump()}
        training = self.training or experiment.classifiers.training
        return [Network("judge", "classifier", "vgg.Vgg", arguments, training, eps_train=0, half=True)]


class AutoAttack(Block):
    """An ensemble of stronger attacks than PGD: AutoAttack (Croce and Hein 2020), or a part of it."""

    images: Count = about("How many test images are attacked, spread evenly over all of them; all, if there are fewer.")
    attacks: listed(Literal["apgd-ce", "apgd-t", "fab-t", "square"], 1, None, differ) = about(
        "The attacks, in order; each goes on with the images that those before it did not fool. AutoAttack has all four."
    )
    steps: Count = about("Steps of each attack but `square`; AutoAttack has 100.")
    targets: Count = about("Classes that apgd-t and fab-t aim at, likeliest first; at most all others. AutoAttack has 9.")
    queries: Count = about("Images that `square` tries for each; AutoAttack has 5000.")


class Robustness(Block):
    """What classifiers are tested with."""

    steps: Count = about("Steps of PGD.")
    eps_test: listed(Radius) = about("Radii of the attacks, on [0, 1] pixels.")
    noise: listed(number(ge=0)) = about("Standard deviations of Gaussian noise, on [0, 1] pixels.")
    darkness: listed(Share) = about("Shares of brightness taken away.")
    autoattack: AutoAttack | None = about(
        "Stronger attacks, at the positive radii of `eps_test`; a row of their own below each of PGD. null leaves them out.",
        default=None,
    )


class Gradients(Block):
    """The figure of input gradients."""

    classifiers: listed(str) = about("The classifiers whose gradients are shown.")
    images: Count = about("Test images shown.")

    def check(self, need, experiment):
        experiment.trained(need, "classifiers", self.classifiers, "classifier")


class Synthesis(Block):
    """Images from a classifier alone: targeted PGD from Gaussian seeds."""

    classifiers: listed(str) = about("The classifiers that images are made with.")
    per_class: Count = about("Images of each class.")
    eps: number(gt=0) = about("L2 radius, on [0, 1] pixels.")
    steps: Count = about("Steps of targeted PGD.")

    def check(self, need, experiment):
        experiment.trained(need, "classifiers", self.classifiers, "classifier")


class Sampling(Block):
    """How samples are drawn."""

    sets: Annotated[int, Field(ge=3)] = about(
        "Independent sets of samples: the first chooses the scales, and every number is of the others, with their spread."
    )
    samples: Annotated[int, Field(ge=20)] = about("Samples in each set.")
    batch: Count = about("Samples computed together.")
    calibration: Count = about("Samples, of the first set, by which the scale of a `strength` is found.", default=30)
    shards: Count = about("Jobs that share the samples of a scale; does not change a pixel.", default=1)
    strengths: listed(number(gt=0)) = about("Strengths of guidance, for variants that give neither `scales` nor `strengths`.")
    process: Sampler = about("What variants have in common, unless they say otherwise.")

    @property
    def total(self):
        """All samples of a variant at one scale."""
        return self.sets * self.samples

    @property
    def batches(self):
        return -(-self.total // self.batch)

    @property
    def first_shard(self):
        """The samples in the first shard, which figures show."""
        return min(self.total, self.batches // self.shards * self.batch)

    def check(self, need, experiment):
        need(self.calibration <= self.samples, "calibration", "must not exceed `samples`")
        fewest = 2 * experiment.data.classes
        need(self.samples >= fewest, "samples", f"must be at least {fewest}: KID needs two of each class in a set")
        need(self.shards <= self.batches, "shards", f"there are only {self.batches} batches to share out; lower it, or `batch`")
        shown, first = 2 * experiment.data.classes, self.first_shard
        need(first >= shown, "shards", f"the first shard has {first} samples, and figures show {shown}; raise `batch`")


class Metrics(Block):
    """How samples are measured."""

    features: Literal["inception", "judge"] = about(
        "Feature extractor: torch-fidelity's Inception, or the penultimate layer of an independently trained plain classifier."
    )
    inception: Text | None = about("File of torch-fidelity's Inception weights; null: it is downloaded.", default=None)
    reference: Literal["test", "train"] = about("The real images that samples are compared with.")
    classifier: Text = about("The classifier whose energies compare samples with training images.")

    def check(self, need, experiment):
        grey = experiment.data.channels == 1 and self.features == "inception"
        need(not grey, "features", "Inception needs images of three channels; use `judge`")
        experiment.trained(need, "classifier", [self.classifier], "classifier")


class Release(Block):
    """Released weights of a network, in place of a training."""

    file: Text = about("Safetensors, or torch's own format, of which only tensors are read.")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = about("The checksum of the file.")
    format: Literal["plain", "diffusers", "robustness"] = about("A function of workflow/energyguide/nets/released.py.")
    mean: listed(number(), 0) | None = about(
        "Of each colour channel, by which a classifier normalises images in [0, 1]; with `std`.", default=None
    )
    std: listed(number(gt=0), 0) | None = about("Standard deviation of each colour channel; with `mean`.", default=None)
    steps: Count | None = about("How many steps it was trained for, by its authors.", default=None)

    def fit(self, need, key, network):
        """Whether it can stand for a network."""
        fits = {"diffusers": "unet.UNet", "robustness": "resnet.CifarResNet"}.get(self.format, network.architecture)
        held, own = (part.rpartition(".")[2] for part in (fits, network.architecture))
        need(held == own, f"{key}.format", f"{self.format!r} holds a {held}, and this network is a {own}")
        groups = self.format != "diffusers" or network.arguments["width"] % 128 == 0
        remedy = "which `diffusion.network` has if its width is a multiple of 128"
        need(groups, f"{key}.format", f"diffusers normalises in 32 groups, {remedy}")
        plain = self.mean is None or network.architecture in ("resnet.CifarResNet", "vgg.Vgg")
        need(plain, f"{key}.mean", "only classifiers of images normalise by it")
        need((self.mean is None) == (self.std is None), key, "`mean` and `std` must be given together")


class Site(Block):
    """The cluster that jobs are sent to."""

    cpu_partition: Text | None = about("Partition of jobs without a GPU; null leaves it to the cluster.", default=None)
    gpu_partition: Text | None = about("Partition of jobs with a GPU; null leaves it to the cluster.", default=None)
    gpu_model: Text | None = about("Which GPUs, if the partition has several kinds.", default=None)
    account: Text | None = about("Account that jobs are charged to; null for the user's own.", default=None)
    extra: str = about("What is added to the options of `sbatch`, such as --qos=long.", default="")
    runtime: Annotated[int, Field(ge=2)] = about("Longest wall time of a job, in minutes.")
    scratch: Text | None = about(
        "Folder for the state of unfinished jobs, which all nodes share and which has locks; null: next to the results.",
        default=None,
    )
    modules: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./+-]*$")]] = about(
        "Environment modules that each job loads before it starts.", default=[]
    )
    grace: Annotated[int, Field(ge=10, le=3600)] = about(
        "Seconds before the end of its time in which a job is told to stop: enough to save its state."
    )
    save_every: Count = about("Seconds between two saves of a job's state.")
