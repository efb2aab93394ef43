"""Images of one's own, in a folder a class."""

import os
import tempfile
from pathlib import Path

import numpy as np

from energyguide.data.folders import visible
from energyguide.data.pixels import Unusable, eight_bits

IN_A_FOLDER = True
STEP = 10_000  # images after which the log says how far it is


def contents(root):
    """The images below a folder: part -> class -> their number, of "train" and "test".

    Entries whose names begin with a dot are none of them. Links are followed.

    Raises:
        FileNotFoundError: a folder is missing, or holds no image.
        ValueError: the two parts have different classes.
    """
    found = {part: classes_in(Path(root, part)) for part in ("train", "test")}
    if odd := sorted(found["train"].keys() ^ found["test"].keys()):
        raise ValueError(f"{root}: the classes of train/ and test/ differ ({', '.join(odd)}); give both the same folders")
    return found


def classes_in(folder):
    """The number of images in each folder of a class, in the order of their names. Raises FileNotFoundError."""
    if not folder.is_dir():
        lacking = "not a folder" if folder.exists() else "missing"
        raise FileNotFoundError(f"{folder} is {lacking}; images belong into train/<class>/ and test/<class>/ under `path`")
    entries = visible(folder)
    for entry in entries:
        if entry.is_symlink() and not entry.exists():
            raise FileNotFoundError(f"{entry} is a link to what is not there; correct or remove it")
    counts = {entry.name: len(visible(entry)) for entry in entries if entry.is_dir()}
    if not counts:
        raise FileNotFoundError(f"{folder} has no class folders; images belong into {folder}/<class>/")
    for name, count in counts.items():
        if not count:
            raise FileNotFoundError(f"{folder / name} holds no image; put some there, or remove the folder")
    return counts


def read(spec):
    """Any images, as train/<class>/* and test/<class>/* under `path`, upright, resized to `size` and cropped square.

    Raises:
        FileNotFoundError: a folder is missing, or holds no image.
        ValueError: a file is not an image or changed meanwhile, or the two parts have different classes.
    """
    found = contents(spec["path"])
    return list(found["train"]), *(read_part(Path(spec["path"], part), counts, spec) for part, counts in found.items())


def read_part(folder, counts, spec):
    """The images uint8 (n, channel, size, size) in the folders of classes, and their labels int64 (n,)."""
    files = [(file, label) for label, name in enumerate(counts) for file in visible(folder / name)]
    images, notes = scratch((len(files), spec["channels"], spec["size"], spec["size"])), {}
    for i, (file, _) in enumerate(files):
        images[i], said = read_image(file, spec)
        for what, example in said.items():
            notes.setdefault(what, []).append((file, example))
        if (i + 1) % STEP == 0:
            print(f"{folder}: {i + 1:,} of {len(files):,} images were read", flush=True)
    for what, cases in notes.items():
        first = " ".join(filter(None, map(str, cases[0])))
        print(f"{folder}: {len(cases)} of {len(files)} images {what}, the first {first}")
    return images, np.array([label for _, label in files], dtype=np.int64)


def scratch(shape):
    """An array of uint8 in an unnamed temporary file, which may be larger than the memory."""
    with tempfile.TemporaryFile() as file:
        file.truncate(int(np.prod(shape)))
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, int(np.prod(shape)))  # or a full disk would end the process
        return np.memmap(file, np.uint8, "r+", shape=shape)


def read_image(file, spec):
    """One image as uint8 (channel, size, size), and what was done to it: words -> an example.

    Raises ValueError if the file is not one, if its values have no meaning as levels, or if it changed meanwhile.
    """
    from PIL import Image, ImageOps

    size = spec["size"]
    try:
        before = os.stat(file)
        with Image.open(file) as image:
            whole, notes = eight_bits(image, spec["channels"], spec.get("background", "white"))
            fitted = ImageOps.fit(whole, (size, size), Image.Resampling.BOX)
        after = os.stat(file)
    except Unusable as error:
        raise ValueError(f"{file} {error}") from error
    except Exception as error:  # decoders of damaged files raise anything
        why = getattr(error, "strerror", None) or " ".join(str(error).replace(f" {str(file)!r}", "").split())
        raise ValueError(f"{file} cannot be read as an image ({why}); remove or replace it") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ValueError(f"{file} changed while it was read; wait until it is written, and run again")
    if whole.size != fitted.size:
        notes[f"were resized and cropped to {size}x{size}"] = "({}x{})".format(*whole.size)
    return np.asarray(fitted).reshape(size, size, spec["channels"]).transpose(2, 0, 1), notes
