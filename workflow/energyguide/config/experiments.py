"""The configuration: an experiment laid over another and over the defaults, checked, and refused in one line."""

import difflib
import reprlib
from pathlib import Path

from pydantic import ValidationError

from energyguide.config.files import load
from energyguide.config.model import SYSTEMS, Configuration, Experiment
from energyguide.config.parts import Block, ConfigError
from energyguide.config.variants import GUIDANCE, kind_of
from energyguide.config.variants import Variant as AnyVariant

EXPERIMENTS = Path("experiments")
RENAMED = {
    "adversarial": "ddgan",
    "variational": "vdm",
    "time_guidance": "time_classifiers.compared",
    "energy": "metrics.classifier",
}
RENAMED |= {"time_gradients": "time_classifiers.gradients"}
LARGEST = {int: 2**53, float: 1e38}  # an integer that floats still tell from its neighbours; about what float32 holds


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
    """What an experiment and those that it extends state, one laid over the other; and the place that errors name."""
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
    experiment = validated(Experiment, {**with_variants(complete, place), "name": name}, place)
    check(experiment, place, experiment)
    return experiment, whole.site


def with_variants(experiment, place):
    """The same, its variants complete; without the systems that lack one that they need, and the variants that lack theirs."""
    present = {name for name in SYSTEMS if experiment.get(name) is not None}
    for name in sorted(present):
        needs = getattr(Experiment.model_fields[name].annotation.__args__[0], "needs", ())
        if not present.issuperset(needs):
            present, experiment = present - {name}, {key: value for key, value in experiment.items() if key != name}
    blocks, sampling = experiment.get("variants"), experiment.get("sampling")
    process = sampling.get("process") if isinstance(sampling, dict) else None
    if not isinstance(blocks, dict) or not isinstance(process, dict):
        return experiment
    variants = {}
    for name, block in blocks.items():
        block = merge(process, block) if isinstance(block, dict) else block
        own = block.get("system") if isinstance(block, dict) else None
        wanted = own if isinstance(own, list) else [own] if own else []
        for system in wanted:
            if system not in SYSTEMS:
                raise ConfigError(f"{place}.variants.{name}.system: {system!r} is not one of {', '.join(SYSTEMS)}")
        if present.issuperset(wanted):
            guidance = block.get("guidance") if isinstance(block, dict) else None
            kind = kind_of(guidance) if guidance in GUIDANCE else AnyVariant
            variants[name] = validated(kind, block, f"{place}.variants.{name}")
    return {**experiment, "variants": variants, "known_variants": list(blocks)}


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


def check_plain(value, path):
    """Raises ConfigError for what YAML can say and JSON cannot: a key that is no text, or a number that is none to count with."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{'.'.join([*path, str(key)])}: this key is not text; put quotes around it, or correct it")
            check_plain(inner, [*path, key])
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            check_plain(inner, [*path, str(i)])
    elif type(value) in LARGEST and not abs(value) <= LARGEST[type(value)]:
        raise ConfigError(f"{'.'.join(path)}: {value if isinstance(value, float) else 'this number'} is not finite, or too large")


def validated(kind, value, place):
    """`value` as a block of this kind. Raises ConfigError for the first thing in it that the kind does not allow."""
    try:
        return kind.model_validate(value)
    except ValidationError as refused:
        error = refused.errors()[0]
    path, field = where(error, kind, value)
    key = ".".join([*filter(None, [place]), *map(str, path)]) or "configuration"
    about = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    raise ConfigError(f"{key}: {said(error, path, kind)}{about}")


def where(error, kind, value):
    """The path of what an error is about, without the names of alternatives that pydantic puts into it; and its field."""
    path, field = [], None
    for part in error["loc"]:
        inside = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int))
        if inside or (error["type"] == "missing" and isinstance(value, dict) and part == error["loc"][-1]):
            path.append(part)
            fields = {f.alias or name: f for name, f in kind.model_fields.items()} if kind else {}
            if part in fields:
                field, kind = fields[part], block_of(fields[part].annotation)
            elif not kind or not isinstance(value.get(part) if isinstance(value, dict) else None, dict):
                kind = kind if isinstance(value, dict) else None
            value = value[part] if inside else None
    return path, field


def block_of(annotation):
    """The kind of block that a field holds, or a mapping to; None for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    return next(filter(None, map(block_of, getattr(annotation, "__args__", ()))), None)


LIMITS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}
KINDS = {"int": "a whole number", "float": "a number", "string": "a text", "bool": "true or false", "list": "a list"}
KINDS |= {"model": "a mapping", "dict": "a mapping"}


def said(error, path, kind):
    """What is wrong, in words."""
    short, context, key = reprlib.repr(error["input"]), error.get("ctx", {}), str(path[-1]) if path else ""
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden" if key in RENAMED:
            return f"is called `{RENAMED[key]}` now"
        case "extra_forbidden":
            close = difflib.get_close_matches(key, names_beside(path, kind), 1)
            return "there is no such key" + (f"; did you mean `{close[0]}`?" if close else "; remove it, or correct its name")
        case "literal_error":
            options = context["expected"].replace(" or ", ", ").replace("'", "")
            return f"{short} is not one of {options}"
        case "value_error":
            return f"{short}: {context['error']}"
        case "too_short":
            return f"{short} has too few items; it takes at least {context['min_length']}"
        case "too_long":
            return f"{short} has too many items; it takes at most {context['max_length']}"
        case "string_pattern_mismatch" | "string_too_short":
            return f"{short} is not allowed: {error['msg']}"
        case limit if limit in LIMITS:
            bound, words = LIMITS[limit]
            return f"{short} {words} {context[bound]}"
    wanted = KINDS.get(error["type"].removesuffix("_type").removesuffix("_parsing"), error["msg"])
    return f"{short} is not {wanted}" if wanted != error["msg"] else f"{short}: {' '.join(wanted.split())}"


def names_beside(path, kind):
    """The keys that the mapping around a path may have."""
    for part in path[:-1]:
        fields = {f.alias or name: f for name, f in kind.model_fields.items()} if kind else {}
        kind = block_of(fields[part].annotation) if part in fields else kind
    return list(kind.model_fields) if kind else []
