"""Configuration files: what is none is refused in one line that names the file, and where it can the line."""

import pytest
from project import ROOT

from energyguide.config.files import load
from energyguide.config.parts import ConfigError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb:\n\tc: 2\n", "line 3: .*cannot start any token.*spaces"),
        ("a: 1\nb: [1, 2\n", "line 3: .*flow sequence"),
        ("a: {b: 1}\nc: {d: 1,\n    d: 2}\n", "line 3: the key 'd' is there twice"),
        ("", "has no keys at its top"),
        ("- a\n- b\n", "has no keys at its top"),
        ("a: 1\nb: caf\xe9\n", "line 2: this is not UTF-8"),
        ("a: &here {b: *here}", "is not YAML .*[Cc]ircular"),
        ("a: 2026-99-99", "is not YAML .*month"),
        ("a: !!python/name:os.system ''", "line 1: could not determine a constructor"),
        ("? [a]\n: b\n", "line 1: .*unhashable key"),
        ("[" * 9000, ""),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_with_its_name_and_the_line(tmp_path, text, said):
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=rf"config\.yaml.*{said}") as refused:
        load(path)
    assert "\n" not in str(refused.value)


def test_the_shipped_file_is_one_and_a_missing_one_is_named(tmp_path):
    load(ROOT / "config.yaml")
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match=f"{path.name} cannot be read"):
            load(path)
