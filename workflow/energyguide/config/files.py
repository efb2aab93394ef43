"""A configuration file, looked at before Snakemake reads it: of a broken one that tells neither the name nor the line."""

import json
import os
from pathlib import Path

import yaml

from energyguide.config.parts import ConfigError


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML, in which a key may not be there twice: of two values the first would be lost without a word."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} is there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path):
    """The mapping in a file. Raises ConfigError, with the line, if it is not YAML in UTF-8 with keys at its top."""
    path = os.path.relpath(path)
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader)
        json.dumps(content, default=str, skipkeys=True)  # refuses what contains itself
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); put a configuration there that you may read") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: this is not UTF-8; save the file in that encoding") from error
    except yaml.MarkedYAMLError as error:
        said = ", ".join(filter(None, [error.context, error.problem]))
        raise ConfigError(f"{path}, line {error.problem_mark.line + 1}: {said}; correct it (YAML indents by spaces)") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not YAML ({' '.join(str(error).split())}); correct it") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} has no keys at its top; it should begin with such as `experiment: digits`")
    return content
