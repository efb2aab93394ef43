"""Folders of files: which entries count, and a digest by which a change is noticed."""

from pathlib import Path

from energyguide.files.atomic import digest


def visible(folder):
    """The entries of a folder, sorted, without those that begin with a dot, which file managers and editors leave."""
    return sorted(entry for entry in Path(folder).iterdir() if not entry.name.startswith("."))


def fingerprint(folder):
    """A digest of the files below a folder, by name, size and time; None if there is no folder."""
    if not Path(folder).is_dir():
        return None
    files = (file for file in sorted(Path(folder).rglob("*")) if file.is_file() and not file.name.startswith("."))
    return digest([(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files])
