"""The configuration: an experiment merged over the defaults, checked against the schema and against itself."""

import json
import reprlib
from pathlib import Path

import jsonschema

from energyguide.config.checks import ConfigError, cross_check

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.json"


def merge(base, over):
    """`over` laid upon `base`, mapping by mapping; a null removes the key."""
    merged = {**base}
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = merge(base[key], value)
        elif value is None and isinstance(base.get(key), dict):
            del merged[key]
        else:
            merged[key] = value
    return merged


def resolve(config):
    """The experiment that `config["experiment"]` names, complete and checked.

    Raises ConfigError.
    """
    schema = json.loads(SCHEMA.read_text())
    check_plain(config, [])
    check(config, schema, "")
    name, known = config["experiment"], config["experiments"]
    if name not in known:
        raise ConfigError(f"experiment: {name!r} is not one of {', '.join(known)}; choose one, or add it under `experiments`")
    experiment = merge(config.get("defaults", {}), known[name])
    check(experiment, {"$ref": "#/$defs/experiment", "$defs": schema["$defs"]}, f"experiments.{name}")
    experiment["variants"] = {k: merge(experiment["sampling"]["process"], v) for k, v in experiment["variants"].items()}
    cross_check(experiment, f"experiments.{name}")
    return {"name": name, **experiment}


LONG = 200  # letters of a message that shows a value in full
LARGEST = {int: 2**53, float: 1e38}  # an integer that floats still tell from its neighbours; about what float32 holds


def check_plain(value, path):
    """Raises ConfigError for what YAML can say and JSON cannot: a key that is no text, or a number that is none to count with."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{'.'.join([*path, str(key)])}: this key is not text; put quotes around it, or mend it")
            check_plain(inner, [*path, key])
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            check_plain(inner, [*path, str(i)])
    elif type(value) in LARGEST and not abs(value) <= LARGEST[type(value)]:
        raise ConfigError(f"{'.'.join(path)}: {value if isinstance(value, float) else 'this number'} is not finite, or too large")


def check(value, schema, where):
    """Raises ConfigError for the first thing in `value` that the schema does not allow."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error:
        key = ".".join([*filter(None, [where]), *map(str, error.absolute_path)]) or "configuration"
        about = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
        message = error.message
        if len(message) > LONG:
            message = message.replace(repr(error.instance), reprlib.repr(error.instance))
        raise ConfigError(f"{key}: {message}" + (f" ({about})" if about else ""))
