"""The configuration: an experiment merged over the defaults, checked against the schema and against itself."""

import json
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
    check(config, schema, "")
    name, known = config["experiment"], config["experiments"]
    if name not in known:
        raise ConfigError(f"experiment: {name!r} is not one of {', '.join(known)}; choose one, or add it under `experiments`")
    experiment = merge(config.get("defaults", {}), known[name])
    check(experiment, {"$ref": "#/$defs/experiment", "$defs": schema["$defs"]}, f"experiments.{name}")
    experiment["variants"] = {k: merge(experiment["sampling"]["process"], v) for k, v in experiment["variants"].items()}
    cross_check(experiment, f"experiments.{name}")
    return {"name": name, **experiment}


def check(value, schema, where):
    """Raises ConfigError for the first thing in `value` that the schema does not allow."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error:
        key = ".".join([*filter(None, [where]), *map(str, error.absolute_path)]) or "configuration"
        about = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
        raise ConfigError(f"{key}: {error.message}" + (f" ({about})" if about else ""))
