"""What is installed, from where, and what it may do: hashes, licences, no network, no secrets, permissions."""

import re
import stat
from pathlib import Path

import licences
import pytest
from project import OFFLINE, ROOT, SECRET, UMASK


def test_the_lock_has_a_hash_for_each_package_and_names_no_index():
    text = (ROOT / "requirements.lock").read_text()
    packages = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", text))
    assert len(packages) > 100
    assert all(re.match(r"[\w.-]+==\S+", package) and "--hash=sha256:" in package for package in packages if package.strip())
    assert "://" not in text and "--index" not in text
    assert "--require-hashes requirements.lock" in (ROOT / "envs/setup.sh").read_text()


def test_every_licence_is_known_and_listed():
    listed = dict(re.findall(r"(?m)^\*\*(.+)\*\*: (.+)$", (ROOT / "docs/licences.md").read_text()))
    for name, packages in licences.listed().items():
        missing = set(packages) - set(listed[name].split(", "))
        assert not missing, f"docs/licences.md lacks {missing}; run `make licences`"


@pytest.mark.parametrize("says", ["GPL-3.0-or-later", "Proprietary"])
def test_another_licence_is_refused(says):
    class Package:
        metadata = type("About", (dict,), {"get_all": lambda self, key, default: default})({"Name": "x", "License": says})
        files = ()

    with pytest.raises(ValueError, match="the licence of x is not one of those known"):
        licences.licence(Package)


def results(built):
    return [path for path in (built / "results").rglob("*") if path.is_file()]


@pytest.mark.skipif(not OFFLINE, reason="this machine allows no network namespace (`unshare -rn true` fails)")
def test_everything_was_built_without_network(built):
    assert len(results(built)) > 500  # in a namespace without network: conftest.py


def test_no_secret_of_the_environment_is_written_anywhere(built):
    snakemakes = (path for path in (built / ".snakemake").rglob("*") if path.is_file())
    assert not [path for path in [*results(built), *snakemakes] if SECRET.encode() in path.read_bytes()]


def test_all_files_follow_the_umask(built):
    odd = {path: oct(mode) for path in results(built) if (mode := stat.S_IMODE(Path(path).stat().st_mode)) & UMASK}
    assert not odd
