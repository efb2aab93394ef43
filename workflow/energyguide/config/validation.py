"""A mapping as a block of the configuration, or one line that says what is wrong with it, where, and what is right."""

import difflib
import reprlib

from pydantic import ValidationError

from energyguide.config.parts import Block, ConfigError

RENAMED = {  # keys of before, and what they are called now
    "adversarial": "ddgan",
    "variational": "vdm",
    "energy": "metrics.classifier",
    "time_guidance": "time_classifiers.compared",
    "time_gradients": "time_classifiers.gradients",
    "scales_per_job": "per_job.sample",
    "seeds": "sampling.sets",
}
LARGEST = {int: 2**53, float: 1e38}  # an integer that floats still tell from its neighbours; about what float32 holds


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
    path, around = where(error, kind, value)
    field = around.get(path[-1]) if path else None
    key = ".".join([*filter(None, [place]), *map(str, path)]) or "configuration"
    about = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    raise ConfigError(f"{key}: {said(error, str(path[-1]) if path else '', around)}{about}")


def fields_of(kind):
    """The fields of a kind of block, by the names that they have in the configuration; none of plain values."""
    return {field.alias or name: field for name, field in kind.model_fields.items()} if kind else {}


def where(error, kind, value):
    """The path of what an error is about, without the names of alternatives that pydantic puts into it.

    Beside it the fields of the mapping around its last part, by their names.
    """
    path, around = [], {}
    for part in error["loc"]:
        inside = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int))
        if inside or (error["type"] == "missing" and isinstance(value, dict) and part == error["loc"][-1]):
            path.append(part)
            around = fields_of(kind)
            if part in around:
                kind = block_of(around[part].annotation)
            elif isinstance(value, list):
                kind = None
            value = value[part] if inside else None
    return path, around


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


def said(error, key, around):
    """What is wrong with a key, in words; `around` are the keys that may stand there."""
    short, context = reprlib.repr(error["input"]), error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden" if key in RENAMED:
            return f"is called `{RENAMED[key]}` now"
        case "extra_forbidden":
            close = difflib.get_close_matches(key, around, 1)
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
