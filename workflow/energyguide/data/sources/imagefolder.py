"""Images of one's own, in a folder a class."""

from pathlib import Path

import numpy as np

from energyguide.data.folders import visible

IN_A_FOLDER = True


def read(spec):
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

    Raises ValueError if the file is not one.
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
