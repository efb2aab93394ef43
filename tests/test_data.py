import tarfile
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from energyguide.data.augment import augment, crop, flip, jitter
from energyguide.data.dataset import Dataset
from energyguide.data.load import load
from energyguide.data.sources import cifar10, imagefolder
from energyguide.data.splits import equal_shares, half, split, stratified
from energyguide.files.atomic import sha256


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.333])
def test_stratified_takes_its_share_of_each_class(fraction):
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 5], [10, 101, 1000]))
    mask = stratified(labels, fraction, seed=3)
    for label, count in ((0, 10), (1, 101), (5, 1000)):
        assert mask[labels == label].sum() == round(fraction * count)
    assert (mask == stratified(labels, fraction, seed=3)).all()
    assert (mask != stratified(labels, fraction, seed=4)).any()


def test_half_is_one_half_of_each_class_and_no_copy_of_what_was_held_out():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 5], [3, 101, 1000]))
    mask = half(labels, seed=0)
    for label, counts in ((0, (1, 2)), (1, (50, 51)), (5, (500,))):
        assert mask[labels == label].sum() in counts
    assert (mask == half(labels, seed=0)).all() and (mask != half(labels, seed=1)).any()
    agreement = (mask[labels == 5] == stratified(labels, 0.5, seed=0)[labels == 5]).mean()
    assert 0.4 < agreement < 0.6


def test_equal_shares_are_disjoint_sets_in_which_classes_take_turns():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [30, 41, 35]))
    sets = equal_shares(labels, samples=20, sets=9, seed=1)
    assert [len(indices) for indices in sets] == [20] * 4 and len(np.unique(sets)) == 80
    assert (labels[np.concatenate(sets)] == np.arange(80) % 3).all()
    assert len(equal_shares(labels, 20, 2, seed=1)) == 2
    (all_that_fit,) = equal_shares(labels, 100, 3, seed=1)
    assert len(all_that_fit) == 90 and (np.bincount(labels[all_that_fit]) == 30).all()


def test_split_parts_the_training_set_and_keeps_labels_with_images():
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    labels = np.arange(100) % 4
    data = split(list("abcd"), (images, labels), (images[:8], labels[:8]), 0.2, seed=0)
    assert {s: len(v) for s, v in data.labels.items()} == {"train": 80, "val": 20, "test": 8}
    assert sorted([*data.images["train"].flat, *data.images["val"].flat]) == list(range(100))
    for s in data.images:
        assert (data.images[s][:, 0, 0, 0] % 4 == data.labels[s]).all()


def test_dataset_in_a_file(tmp_path):
    rng = np.random.default_rng(0)
    images = {s: rng.integers(0, 256, (n, 3, 2, 2), dtype=np.uint8) for s, n in (("train", 5), ("val", 2), ("test", 3))}
    labels = {s: np.arange(len(v)) % 2 for s, v in images.items()}
    path = tmp_path / "data.npz"
    Dataset(("a", "b"), images, labels).save(path, source="x")
    data = Dataset.load(path)
    assert data.classes == ("a", "b") and data.shape == (3, 2, 2)
    for s, expected in images.items():
        assert (data.images[s] == expected).all() and (data.labels[s] == labels[s]).all()
    x, y = data.tensors("test")
    torch.testing.assert_close(x, torch.from_numpy(images["test"] / 255).float())
    assert y.tolist() == [0, 1, 0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="data.npz is damaged"):
        Dataset.load(path)


def test_digits_are_all_there():
    data = load({"source": "digits", "held_out": 0.125}, seed=0)
    images = np.concatenate([data.images[s] for s in ("train", "val", "test")])
    assert images.shape == (1797, 1, 8, 8) and images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    assert [len(data.labels[s]) for s in ("train", "val", "test")] == [1259, 179, 359]
    again = load({"source": "digits", "held_out": 0.125}, seed=1)
    assert (again.images["test"] == data.images["test"]).all()
    assert (again.labels["val"] != data.labels["val"]).any()


def test_per_class_takes_the_first_images_of_each_class():
    spec = {"source": "digits", "held_out": 0.5}
    whole, part = (load(spec | more, seed=0) for more in ({}, {"per_class": {"train": 6, "test": 2}}))
    for name, count in {"train": 3, "val": 3, "test": 2}.items():
        assert (np.bincount(part.labels[name]) == count).all()
    first = [np.flatnonzero(whole.labels["test"] == k)[:2] for k in range(10)]
    np.testing.assert_array_equal(part.images["test"], whole.images["test"][np.sort(np.concatenate(first))])


def test_cifar10_offline_says_which_file_to_put_where(tmp_path, monkeypatch):
    def refuse(url, folder):
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", refuse)
    with pytest.raises(FileNotFoundError, match="no network") as error:
        cifar10.read({"path": str(tmp_path / "data")})
    assert cifar10.CIFAR10 in str(error.value) and str(tmp_path / "data") in str(error.value)


def test_cifar10_from_its_archive(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    (folder / "readme.html").write_text("not a batch")
    records = {}
    for name in [f"data_batch_{i}.bin" for i in (5, 4, 3, 2, 1)] + ["test_batch.bin"]:
        records[name] = np.concatenate([rng.integers(0, 10, (3, 1)), rng.integers(0, 256, (3, 3072))], 1).astype(np.uint8)
        (folder / name).write_bytes(records[name].tobytes())
    archive = tmp_path / cifar10.CIFAR10
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, folder.name)
    with pytest.raises(ValueError, match="damaged or not the original"):
        cifar10.read({"path": tmp_path})
    monkeypatch.setattr(cifar10, "CIFAR10_SHA256", sha256(archive))
    classes, (images, labels), (test, _) = cifar10.read({"path": tmp_path})
    assert classes[0] == "airplane" and len(classes) == 10
    assert images.shape == (15, 3, 32, 32) and test.shape == (3, 3, 32, 32)
    assert labels[:3].tolist() == records["data_batch_1.bin"][:, 0].tolist()
    assert images[14, 1, 2, 3] == records["data_batch_5.bin"][2, 1 + 1024 + 2 * 32 + 3]


@pytest.fixture
def folder(tmp_path):
    """train/ and test/ with a red and a blue class; wide and high images whose square middle is plain."""
    for part in ("train", "test"):
        for name, colour, size in (("red", (255, 0, 0), (12, 8)), ("blue", (0, 0, 255), (8, 16))):
            image = Image.new("RGB", size, "white")
            short = min(size)
            image.paste(colour, ((size[0] - short) // 2, (size[1] - short) // 2, (size[0] + short) // 2, (size[1] + short) // 2))
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(2):
                image.save(tmp_path / part / name / f"{i}.png")
    for name in (".DS_Store", "train/.DS_Store", "train/red/.DS_Store", "test/.cache/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no image")
    return tmp_path


def test_imagefolder(folder):
    spec = {"path": folder, "size": 4, "channels": 3}
    classes, (images, labels), (test, _) = imagefolder.read(spec)
    assert classes == ["blue", "red"] and labels.tolist() == [0, 0, 1, 1] and len(test) == 4
    assert images.shape == (4, 3, 4, 4) and images.dtype == np.uint8
    assert (images[0] == np.array([0, 0, 255])[:, None, None]).all() and (images[3] == np.array([255, 0, 0])[:, None, None]).all()
    assert imagefolder.read(spec | {"channels": 1})[1][0].shape == (4, 1, 4, 4)


def test_images_that_were_fitted_are_counted_and_the_first_is_named(folder, capsys):
    spec = {"path": folder, "size": 8, "channels": 3}
    imagefolder.read(spec)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{folder}/train: 4 of 4 images were resized and cropped to 8x8, the first {folder}/train/blue/0.png (8x16)"
    for file in (folder / "train").glob("*/*.png"):
        Image.open(file).resize((8, 8)).save(file)
    imagefolder.read(spec)
    assert capsys.readouterr().out.splitlines() == [second]


@pytest.mark.parametrize(
    "damage, error, named",
    [
        (lambda root: (root / "test").rename(root / "other"), FileNotFoundError, "test"),
        (lambda root: [f.unlink() for f in (root / "train" / "red").glob("*.png")], FileNotFoundError, "train/red"),
        (lambda root: (root / "train" / "red" / "0.png").write_text("?"), ValueError, "train/red/0.png"),
        (lambda root: (root / "train" / "red" / "notes.txt").write_text("no image"), ValueError, "red/notes.txt cannot be read"),
        (lambda root: (root / "train" / "red" / "0").mkdir(), ValueError, "train/red/0 cannot be read"),
        (lambda root: cut(root / "test" / "blue" / "1.png"), ValueError, "test/blue/1.png"),
        (lambda root: (root / "test" / "red").rename(root / "test" / "green"), ValueError, "green, red"),
        (lambda root: [(root / "train" / c).rename(root / c) for c in ("red", "blue")], FileNotFoundError, "train"),
    ],
    ids=["missing folder", "empty class", "no image", "other file", "folder", "cut image", "other classes", "no classes"],
)
def test_imagefolder_errors_name_the_path(folder, damage, error, named):
    damage(folder)
    with pytest.raises(error) as raised:
        imagefolder.read({"path": folder, "size": 4, "channels": 3})
    assert str(folder) in str(raised.value) and named in str(raised.value)


def cut(path):
    path.write_bytes(path.read_bytes()[:60])


def test_crop_shifts_each_image_on_its_own():
    torch.manual_seed(0)
    x = torch.rand(200, 3, 5, 4) + 0.1
    padded = torch.nn.functional.pad(x, [2] * 4)
    seen = set()
    for image, original in zip(crop(x, 2), padded, strict=True):
        found = [(i, j) for i in range(5) for j in range(5) if torch.equal(original[:, i : i + 5, j : j + 4], image)]
        assert len(found) == 1
        seen.add(found[0])
    assert len(seen) == 25


def test_flip_mirrors_half():
    torch.manual_seed(0)
    x = torch.rand(400, 1, 3, 3)
    out = flip(x)
    same, mirrored = (out == x).flatten(1).all(1), (out == x.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 150 < mirrored.sum() < 250


def test_jitter_keeps_grey_grey_and_each_factor_in_its_range():
    """On grey images brightness scales the mean and contrast the deviation from it; saturation does nothing."""
    torch.manual_seed(0)
    x = (0.5 + 0.1 * torch.rand(2000, 1, 4, 4)).expand(-1, 3, -1, -1)
    out = jitter(x, 0.2)
    torch.testing.assert_close(out[:, 0], out[:, 2])
    brightness = out.mean((1, 2, 3)) / x.mean((1, 2, 3))
    contrast = out.std((1, 2, 3)) / x.std((1, 2, 3)) / brightness
    for factor in (brightness, contrast):
        assert 0.8 - 1e-4 <= factor.min() < 0.82 and 1.18 < factor.max() <= 1.2 + 1e-4
    assert jitter(torch.rand(50, 3, 4, 4), 1.0).max() <= 1


def test_augment_does_what_the_block_says():
    x = torch.rand(20, 3, 6, 6)
    off = {"crop": 0, "flip": False, "jitter": 0}
    assert torch.equal(augment(x, off), x)
    for change in ({"crop": 1}, {"flip": True}, {"jitter": 0.1}):
        out = augment(x, off | change)
        assert out.shape == x.shape and not torch.equal(out, x)
