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
