"""The datasets, by name. A source is a function of its configuration that returns (classes, train, test).

`train` and `test` are pairs: images uint8 (n, channel, height, width), labels int64 (n,).
"""

import tarfile
from pathlib import Path

import numpy as np

from energyguide.config.derive import visible
from energyguide.data.dataset import split, stratified
from energyguide.storage import sha256

SOURCES = {}

CIFAR10 = "cifar-10-binary.tar.gz"
CIFAR10_FOLDER = "https://www.cs.toronto.edu/~kriz/"
CIFAR10_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
CIFAR10_CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()


def source(function):
    SOURCES[function.__name__] = function
    return function


def load(spec, seed):
    """The `Dataset` that the configuration's `data` block asks for."""
    classes, train, test = SOURCES[spec["source"]](spec)
    if "per_class" in spec:
        train, test = first(train, spec["per_class"]["train"]), first(test, spec["per_class"]["test"])
    return split(classes, train, test, spec["held_out"], seed)


def first(pair, count):
    """The first `count` images of each class, in the order they have, and their labels."""
    images, labels = pair
    kept = np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]))
    return images[kept], labels[kept]


@source
def digits(spec):
    """The 1,797 scans of 8x8 pixels that scikit-learn ships (Alpaydin and Kaynak 1998), a fifth of each class for testing."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    test = stratified(labels, 0.2, seed=0)
    return [str(k) for k in range(10)], (images[~test], labels[~test]), (images[test], labels[test])


@source
def cifar10(spec):
    """CIFAR-10 (Krizhevsky 2009) from its authors' binary archive: 50,000 + 10,000 colour images of 32x32 pixels.

    Raises:
        FileNotFoundError: no archive, and none could be downloaded; says which file to put where.
        ValueError: the archive is not the original.
    """
    folder = Path(spec["path"])
    archive = folder / CIFAR10
    if not archive.exists():
        download(CIFAR10_FOLDER + CIFAR10, folder)
    if sha256(archive) != CIFAR10_SHA256:
        raise ValueError(f"{archive} is damaged or not the original (sha256 should be {CIFAR10_SHA256}); delete it and run again")
    with tarfile.open(archive) as tar:
        records = {
            Path(member.name).name: np.frombuffer(tar.extractfile(member).read(), np.uint8).reshape(-1, 3073)
            for member in tar.getmembers()
            if member.name.endswith(".bin")
        }
    train = np.concatenate([records[f"data_batch_{i}.bin"] for i in range(1, 6)])
    return CIFAR10_CLASSES, *(
        (r[:, 1:].reshape(-1, 3, 32, 32), r[:, 0].astype(np.int64)) for r in (train, records["test_batch.bin"])
    )


def download(url, folder):
    from torchvision.datasets.utils import download_url

    folder.mkdir(parents=True, exist_ok=True)
    try:
        download_url(url, str(folder))
    except OSError as error:
        (folder / Path(url).name).unlink(missing_ok=True)
        raise FileNotFoundError(f"cannot download {url} ({error}); put the file into {folder} yourself and run again") from error


@source
def imagefolder(spec):
    """Any images, as train/<class>/* and test/<class>/* under `path`, resized to `size` and cropped square.

    Files whose names begin with a dot are none of them.

    Raises:
        FileNotFoundError: a folder is missing, or holds no image.
        ValueError: a file is not an image, or the two sets have different classes.
    """
    root = Path(spec["path"])
    classes, train = read_folder(root / "train", spec)
    test_classes, test = read_folder(root / "test", spec)
    if classes != test_classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise ValueError(f"{root}: the classes of train/ and test/ differ ({', '.join(odd)}); give both the same folders")
    return classes, train, test


def read_folder(folder, spec):
    if not folder.is_dir():
        lacking = "not a folder" if folder.exists() else "missing"
        raise FileNotFoundError(f"{folder} is {lacking}; images belong into train/<class>/ and test/<class>/ under `path`")
    classes = [entry.name for entry in visible(folder) if entry.is_dir()]
    if not classes:
        raise FileNotFoundError(f"{folder} has no class folders; images belong into {folder}/<class>/")
    images, labels, fitted = [], [], []
    for label, name in enumerate(classes):
        files = visible(folder / name)
        if not files:
            raise FileNotFoundError(f"{folder / name} holds no image; put some there, or remove the folder")
        for file in files:
            image, size = read_image(file, spec["size"], spec["channels"])
            images.append(image)
            labels.append(label)
            if size != image.shape[:0:-1]:
                fitted.append(f"{file} ({size[0]}x{size[1]})")
    if fitted:
        square = "x".join([str(spec["size"])] * 2)
        print(f"{folder}: {len(fitted)} of {len(images)} images were resized and cropped to {square}, the first {fitted[0]}")
    return classes, (np.stack(images), np.array(labels, dtype=np.int64))


def read_image(file, size, channels):
    """One image as uint8 (channel, size, size), and the width and height that it had.

    Raises ValueError where the file is not one.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as image:
            image = ImageOps.exif_transpose(image)
            fitted = ImageOps.fit(image.convert("L" if channels == 1 else "RGB"), (size, size), Image.Resampling.BOX)
    except Exception as error:  # decoders of damaged files raise anything
        why = getattr(error, "strerror", None) or str(error).replace(f" {str(file)!r}", "")
        raise ValueError(f"{file} cannot be read as an image ({why}); remove or replace it") from error
    return np.asarray(fitted).reshape(size, size, channels).transpose(2, 0, 1), image.size
