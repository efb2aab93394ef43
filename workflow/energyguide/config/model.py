"""An experiment as the configuration states it: its blocks, in order, and the systems that it may leave out."""

from typing import Annotated, Any

from pydantic import Field

from energyguide.config.core import (
    Acceleration,
    Classifiers,
    Diffusion,
    Gradients,
    Judge,
    Metrics,
    Process,
    Release,
    Robustness,
    Sampling,
    Site,
    Synthesis,
)
from energyguide.config.images import Data
from energyguide.config.names import PACKAGE, modules
from energyguide.config.parts import Block, Count, Name, System, Text, Whole, about
from energyguide.config.printing import unprintable
from energyguide.config.systems.classifier_free import ClassifierFree
from energyguide.config.systems.ddgan import Ddgan
from energyguide.config.systems.densities import Densities
from energyguide.config.systems.energy_guidance import EnergyGuidance
from energyguide.config.systems.factorial import Factorial
from energyguide.config.systems.implicit import Implicit
from energyguide.config.systems.likelihood import Likelihood
from energyguide.config.systems.modes import Modes
from energyguide.config.systems.survey import Survey
from energyguide.config.systems.time_classifiers import TimeClassifiers
from energyguide.config.systems.trajectories import Trajectories
from energyguide.config.systems.vdm import Vdm
from energyguide.config.variants import GUIDANCE, Variant, kind_of

SYSTEMS = modules("config/systems")
PACKED = (
    "classifier",
    "robustness",
    "autoattack",
    "corruptions",
    "energy",
    "calibration",
    "sample",
    "metrics",
    "scales",
)  # as `System.packed`, of the core


class Experiment(Block):
    """An experiment: what `defaults` and a file of experiments/ state together."""

    name: Text = about("The name of its file.")
    title: Text = about("The dataset's name in the paper.")
    small: bool = about("Whether the paper says on its first page that this is an experiment cut down to minutes.")
    seed: Whole = about("The seed of everything random.")
    published: Text | None = about(
        "Experiment of paper/published.csv whose numbers are printed next to ours; null for none.", default=None
    )
    threads: Count = about(
        "CPU threads of each long job. They decide the last bits of a result, so a change runs everything again."
    )
    per_job: dict[str, Count] = about(
        "Results that one job makes, by rule, such as {sample: 8}; 1 for others. Saves starts; a job is run again as a whole.",
        default={},
    )
    acceleration: Acceleration = about("What makes networks fast where the hardware has it.")
    data: Data = about("The images.")
    process: Process = about("The noise schedule.")
    diffusion: Diffusion = about("The diffusion models.")
    classifiers: Classifiers = about("The classifiers of images.")
    judge: Judge = about("The evaluation classifier.")
    robustness: Robustness = about("What classifiers are tested with.")
    gradients: Gradients = about("The figure of input gradients.")
    synthesis: Synthesis = about("Images from a classifier alone.")
    sampling: Sampling = about("How samples are drawn.")
    metrics: Metrics = about("How samples are measured.")
    weights: dict[str, Release] = about("Released weights in place of a training, by the name of the network.", default={})
    variants: Annotated[dict[Name, Variant], Field(min_length=1)] = about("The guidance variants, by name.")
    energy_guidance: EnergyGuidance | None = about("Energy guidance; null leaves it out.", default=None)
    factorial: Factorial | None = about("The factorial of losses, classifiers and points; null leaves it out.", default=None)
    time_classifiers: TimeClassifiers | None = about("Time-dependent classifiers; null leaves them out.", default=None)
    survey: Survey | None = about("The preference survey; null leaves it out.", default=None)
    classifier_free: ClassifierFree | None = about("Classifier-free guidance; null leaves it out.", default=None)
    implicit: Implicit | None = about("The implicit classifier of a joint model; null leaves it out.", default=None)
    densities: Densities | None = about("Guided densities of Gaussians; null leaves them out.", default=None)
    vdm: Vdm | None = about("Variational diffusion models; null leaves them out.", default=None)
    likelihood: Likelihood | None = about("The likelihood of the test images; null leaves it out.", default=None)
    ddgan: Ddgan | None = about("Denoising diffusion GANs; null leaves them out.", default=None)
    modes: Modes | None = about("The modes that GANs cover; null leaves them out.", default=None)
    trajectories: Trajectories | None = about("Sampling trajectories; null leaves them out.", default=None)
    known_variants: list[str] = Field([], exclude=True, description="All variants, those of absent systems among them.")

    @classmethod
    def system(cls, name):
        """The class of a system's block."""
        return cls.model_fields[name].annotation.__args__[0]

    @property
    def systems(self):
        """The systems that it has, name -> block."""
        return {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), System)}

    @property
    def networks(self):
        """All networks, name -> `Network`: of the core, then of the systems."""
        parts = [self.diffusion, *self.systems.values(), self.classifiers, self.judge]
        return {network.name: network for part in parts for network in part.networks(self)}

    @property
    def sampled(self):
        """All variants that are sampled: those of the configuration, and those that systems add."""
        return {**self.variants, **{k: v for part in self.systems.values() for k, v in part.variants(self).items()}}

    @property
    def origins(self):
        """The unguided variant of each diffusion model, sampled as guided ones are by default: where their scales begin."""
        found = {}
        for name, variant in self.variants.items():
            if not variant.guided and variant.process == self.sampling.process.model_dump():
                found.setdefault(variant.model, name)
        return found

    @property
    def baseline(self):
        """The origin of an unconditional model; None if there is none."""
        models = self.diffusion.models
        return next((name for model, name in self.origins.items() if models[model].p_uncond == 1), None)

    def unguided(self, label, model):
        """A variant that samples a model as guided ones are by default, without guidance."""
        block = {"label": label, "guidance": "unguided", "model": model, "scales": [0]}
        return kind_of("unguided")(**block, **self.sampling.process.model_dump())

    def check(self, need, experiment):
        need(self.baseline, "variants", "one must be `unguided`, of a model with p_uncond 1, sampled as `sampling.process` says")
        odd = unprintable(self.title)
        need(not odd, "title", f"has {odd}, which LaTeX cannot print; write it otherwise")
        plain = [name for name, model in self.diffusion.models.items() if model.p_uncond == 1]
        guided = any(variant.guide and variant.model in plain for variant in self.variants.values())
        need(guided, "variants", "a classifier must guide an unconditional model in one: the paper is about that")
        packed = [*PACKED, *(kind for name in SYSTEMS for kind in self.system(name).packed)]
        for kind in self.per_job:
            need(kind in packed, "per_job", f"{kind!r} is not one of {', '.join(packed)}")
        for name, release in self.weights.items():
            known = ", ".join(self.networks)
            need(name in self.networks, f"weights.{name}", f"no network has this name; there are {known}")
            release.fit(need, f"weights.{name}", self.networks[name])

    def trained(self, need, key, names, *kinds):
        """Whether these are names of networks of the kinds."""
        of_kind = {kind: [name for name, network in self.networks.items() if network.kind == kind] for kind in kinds}
        known = [name for found in of_kind.values() for name in found if name != "judge"]
        for name in names:
            need(name in known, key, f"classifier {name!r} is not trained; there are {', '.join(known)}")

    def variant(self, need, key, name):
        """The variant of this name."""
        need(name in self.variants, key, f"{name!r} is not one of {', '.join(self.variants)}")
        return self.variants[name]

    def free(self, need, key, name, *taken):
        """Whether nothing else has a name."""
        need(all(name not in names for names in taken), key, "another model or a variant has this name; choose another")

    def same_walk(self, need, key, unguided, guided):
        """Whether two variants, of which one is unguided, share the model and how they are sampled."""
        a, b = self.variant(need, key, unguided), self.variant(need, key, guided)
        need(not a.guided, key, f"{unguided!r} must be an unguided variant")
        for word in ("model", *a.process):
            need(getattr(a, word) == getattr(b, word), key, f"{unguided!r} and {guided!r} must have the same {word}")


class Configuration(Block):
    """config.yaml, and what other configuration files and the command line lay over it."""

    experiment: Text = about("The experiment to build: the name of a file of experiments/.")
    of: Text | None = about(
        "The result of which `snakemake provenance` tells where it comes from; null: the paper.", default=None
    )
    with_: Text | None = about(
        "The file that `snakemake measured` wrote elsewhere, for `snakemake compare`; null: that of the repository.",
        alias="with",
        default=None,
    )
    site: Site = about("The cluster that jobs are sent to.")
    defaults: dict[str, Any] = about("What experiments share.", default={})
    experiments: dict[Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]*$")], dict[str, Any]] = about(
        "Experiments, by name, that are laid over the files of experiments/, or stand for one.", default={}
    )


def schema():
    """The JSON schema of a configuration, for editors and for the page of keys."""
    whole = Configuration.model_json_schema()
    inner = Experiment.model_json_schema(by_alias=True)
    variant = inner["$defs"]["Variant"]
    for guidance in GUIDANCE:
        variant["properties"] |= kind_of(guidance).model_json_schema(by_alias=True)["properties"]
    for key in ("name", "known_variants"):
        del inner["properties"][key]
    inner["properties"]["extends"] = {"type": "string", "description": "The experiment that this one is laid over."}
    definitions = {**whole.pop("$defs"), **inner.pop("$defs"), "Experiment": {**inner, "required": []}}
    for key in ("defaults", "experiments"):
        del whole["properties"][key]["additionalProperties" if key == "defaults" else "patternProperties"]
    whole["properties"]["defaults"] |= {"$ref": "#/$defs/Experiment"}
    whole["properties"]["experiments"]["additionalProperties"] = {"$ref": "#/$defs/Experiment"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": definitions}


if __name__ == "__main__":  # after a change of a block: cd workflow; python -m energyguide.config.model
    import json

    path = PACKAGE.parent / "schemas" / "config.schema.json"
    path.write_text(json.dumps(schema(), indent=2) + "\n")
