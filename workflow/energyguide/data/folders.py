"""Folders of files: which entries count, and a digest by which a change is noticed."""

import os
from pathlib import Path

from energyguide.files.atomic import digest


def visible(folder):
    """The entries of a folder, sorted, without those that begin with a dot, which file managers and editors leave."""
    return sorted(Path(folder, name) for name in os.listdir(folder) if not name.startswith("."))


def fingerprint(folder):
    """A digest of the visible files below a folder, by name, size and time; None if there is no folder.

    Links are followed, and where they lead is part of the digest: another folder behind a link is another data set.
    """
    if not Path(folder).is_dir():
        return None
    return digest([where(folder), *walk(folder, "", ())])


def walk(folder, name, above):
    """Each visible entry below a folder as [name, where it leads, size, time], in order of their names.

    Args:
        name: of the folder, from the one that the walk began in, with a slash in the end.
        above: (device, inode) of the folders around it; one of them is not entered again, where links lead in a circle.
    """
    status = os.stat(folder)
    above = (*above, (status.st_dev, status.st_ino))
    with os.scandir(folder) as entries:
        ordered = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in ordered:
        leads = where(entry.path) if entry.is_symlink() else None
        if not os.path.exists(entry.path):  # a link to nothing
            yield [name + entry.name, leads]
        elif not entry.is_dir():
            yield [name + entry.name, leads, entry.stat().st_size, entry.stat().st_mtime_ns]
        elif (entry.stat().st_dev, entry.stat().st_ino) not in above:
            yield [name + entry.name, leads]
            yield from walk(entry.path, f"{name}{entry.name}/", above)


def where(path):
    """Where a path leads if there are links in it, from here: so that a project that is moved whole keeps its digests."""
    real = os.path.realpath(path)
    return os.path.relpath(real) if real != os.path.abspath(path) else None
