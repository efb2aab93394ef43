"""Experiments: found, laid over one another and over the defaults, and checked as a whole."""

from pathlib import Path

from energyguide.config.files import load
from energyguide.config.model import SYSTEMS, Configuration, Experiment
from energyguide.config.parts import Block, ConfigError
from energyguide.config.validation import check_plain, validated
from energyguide.config.variants import GUIDANCE, Variant, kind_of

EXPERIMENTS = Path("experiments")


def merge(base, over):
    """`over` laid upon `base`, mapping by mapping; a null removes a mapping."""
    merged = {**base}
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = merge(base[key], value)
        elif value is None and isinstance(base.get(key), dict):
            del merged[key]
        else:
            merged[key] = value
    return merged


def known(config):
    """The names of all experiments."""
    return sorted({*(file.stem for file in EXPERIMENTS.glob("*.yaml")), *config.experiments})


def stated(name, config, seen=()):
    """What an experiment states, laid over what it extends or over the defaults; `seen` are those that extend it."""
    if name in seen:
        raise ConfigError(f"experiments.{name}.extends: goes round in a circle: {' -> '.join([*seen, name])}")
    if name not in known(config):
        key = f"experiments.{seen[-1]}.extends" if seen else "experiment"
        raise ConfigError(
            f"{key}: {name!r} is not one of {', '.join(known(config))}; choose one, or write {EXPERIMENTS}/{name}.yaml"
        )
    file = EXPERIMENTS / f"{name}.yaml"
    layers = [load(file) if file.exists() else {}, config.experiments.get(name, {})]
    base = next((layer["extends"] for layer in reversed(layers) if "extends" in layer), None)
    if base is not None and not isinstance(base, str):
        raise ConfigError(f"experiments.{name}.extends: {base!r} is not the name of an experiment")
    complete = config.defaults if base is None else stated(base, config, (*seen, name))
    for layer in layers:
        complete = merge(complete, {key: value for key, value in layer.items() if key != "extends"})
    return complete


def resolve(config):
    """The `Experiment` that `config["experiment"]` names, complete and checked, and the `Site`.

    Raises ConfigError.
    """
    check_plain(config, [])
    whole = validated(Configuration, config, "")
    name, place = whole.experiment, f"experiments.{whole.experiment}"
    complete = stated(name, whole)
    check_plain(complete, [place])
    if odd := {"name", "known_variants"}.intersection(complete):
        raise ConfigError(f"{place}.{min(odd)}: there is no such key; remove it")
    experiment = validated(Experiment, {**of_present_systems(complete, place), "name": name}, place)
    check(experiment, place, experiment)
    return experiment, whole.site


def of_present_systems(experiment, place):
    """The same without the systems that lack one that they need, and its variants complete, without those of absent systems."""
    absent = {name for name in SYSTEMS if experiment.get(name) is None}
    absent |= {name for name in SYSTEMS if absent.intersection(Experiment.system(name).needs)}
    rest = {key: value for key, value in experiment.items() if key not in absent}
    blocks, sampling = experiment.get("variants"), experiment.get("sampling")
    if not isinstance(blocks, dict) or not isinstance(sampling, dict) or not isinstance(sampling.get("process"), dict):
        return rest  # which is refused for that
    variants = {}
    for name, block in blocks.items():
        if not absent.intersection(systems_of(block, f"{place}.variants.{name}")):
            variants[name] = variant(block, sampling, f"{place}.variants.{name}")
    return {**rest, "variants": variants, "known_variants": list(blocks)}


def systems_of(block, place):
    """The systems that the block of a variant says it belongs to."""
    own = (block.get("system") if isinstance(block, dict) else None) or []
    names = own if isinstance(own, list) else [own]
    for name in names:
        if name not in SYSTEMS:
            raise ConfigError(f"{place}.system: {name!r} is not one of {', '.join(SYSTEMS)}")
    return names


def variant(block, sampling, place):
    """The variant of a block, laid over how variants are sampled, of the class that its `guidance` asks for."""
    if not isinstance(block, dict):
        return validated(Variant, block, place)
    guidance, usual = block.get("guidance"), {}
    if guidance != "unguided" and not block.keys() & {"scales", "strengths"}:
        usual = {"strengths": sampling.get("strengths")}
    whole = merge(sampling["process"], {**usual, **block})
    return validated(kind_of(guidance) if guidance in GUIDANCE else Variant, whole, place)


def check(block, place, experiment):
    """Whether a block, and all that are inside it, fit into the experiment; the inner ones first. Raises ConfigError."""

    def need(condition, key, message):
        if not condition:
            raise ConfigError(f"{place}.{key}: {message}")

    for name, value in block:
        inner = value.items() if isinstance(value, dict) else [(None, value)]
        for key, part in inner:
            if isinstance(part, Block):
                check(part, ".".join(filter(None, [place, name, key])), experiment)
    block.check(need, experiment)
