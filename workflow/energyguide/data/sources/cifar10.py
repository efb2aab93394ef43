"""CIFAR-10 from its authors' archive."""

import tarfile
from pathlib import Path

import numpy as np

from energyguide.files.atomic import sha256

IN_A_FOLDER = True
FACTS = {"channels": 3, "size": 32, "classes": 10}
IMAGES = {"train": 50_000, "test": 10_000}
CIFAR10 = "cifar-10-binary.tar.gz"
CIFAR10_FOLDER = "https://www.cs.toronto.edu/~kriz/"
CIFAR10_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def read(spec):
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
    return CLASSES, *((r[:, 1:].reshape(-1, 3, 32, 32), r[:, 0].astype(np.int64)) for r in (train, records["test_batch.bin"]))


def download(url, folder):
    from torchvision.datasets.utils import download_url

    folder.mkdir(parents=True, exist_ok=True)
    try:
        download_url(url, str(folder))
    except OSError as error:
        (folder / Path(url).name).unlink(missing_ok=True)
        raise FileNotFoundError(f"cannot download {url} ({error}); put the file into {folder} yourself and run again") from error
