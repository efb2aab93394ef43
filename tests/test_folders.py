"""Folders of images: what is noticed of a change, also behind links, and how fast."""

import os
import shutil
import time

import numpy as np
import pytest
from PIL import Image
from project import copy, planned, snakemake

from energyguide.data.folders import fingerprint
from energyguide.data.sources import imagefolder


def some(root, classes=("cat", "dog"), count=4, size=8):
    """Images of one grey each, in train/<class>/ and test/<class>/."""
    for part in ("train", "test"):
        for shade, name in enumerate(classes):
            (root / part / name).mkdir(parents=True)
            for i in range(count):
                Image.new("L", (size, size), 10 * shade + i).save(root / part / name / f"{i}.png")
    return root


def link(place, to):
    """What was at a place is behind a link now."""
    shutil.move(place, to)
    place.symlink_to(to)


def more(folder):
    Image.new("L", (8, 8), 99).save(folder / "more.png")


@pytest.mark.parametrize("linked", [".", "train", "train/cat", "train/cat/0.png"])
def test_a_change_behind_a_link_is_noticed(tmp_path, linked):
    root = some(tmp_path / "images")
    link(root / linked, tmp_path / "elsewhere")
    before = fingerprint(root)
    assert fingerprint(root) == before
    if linked.endswith(".png"):
        Image.new("L", (9, 9)).save(tmp_path / "elsewhere", format="png")
    else:
        more(root / "train/cat")
    assert fingerprint(root) != before
    assert list(imagefolder.contents(root)["train"]) == ["cat", "dog"]


@pytest.mark.parametrize("linked", [".", "train", "train/cat", "train/cat/0.png"])
def test_another_data_set_behind_a_link_is_noticed_though_names_sizes_and_times_are_the_same(tmp_path, linked):
    root = some(tmp_path / "images")
    link(root / linked, tmp_path / "first")
    (shutil.copytree if (tmp_path / "first").is_dir() else shutil.copy2)(tmp_path / "first", tmp_path / "second")
    before = fingerprint(root)
    (root / linked).unlink()
    (root / linked).symlink_to(tmp_path / "second")
    assert fingerprint(root) != before


def test_a_project_moved_with_its_images_keeps_their_digest(tmp_path, monkeypatch):
    some(tmp_path / "a/store")
    (tmp_path / "a/images").symlink_to("store")
    monkeypatch.chdir(tmp_path / "a")
    before = fingerprint("images"), fingerprint("store")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    monkeypatch.chdir(tmp_path / "b")
    assert (fingerprint("images"), fingerprint("store")) == before


def test_links_in_a_circle_end(tmp_path):
    root = some(tmp_path / "images")
    (root / "train/cat/up").symlink_to(root)
    (root / "train/cat/nowhere").symlink_to("nothing")
    assert fingerprint(root)
    (root / "train/self").symlink_to("self")
    with pytest.raises(FileNotFoundError, match="train/self is a link to what is not there; correct or remove it"):
        imagefolder.contents(root)


def test_a_hundred_thousand_files_are_seen_in_seconds(tmp_path):
    """Twenty thousand, in a fifth of the time: what a dry run does to a folder."""
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(5000):
                os.close(os.open(tmp_path / part / name / f"{i}.png", os.O_CREAT))
    begun = time.process_time()
    assert fingerprint(tmp_path) and sum(imagefolder.contents(tmp_path)["train"].values()) == 10_000
    assert time.process_time() - begun < 1


def test_a_large_set_is_read_into_a_file_and_the_log_says_how_far(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(imagefolder, "STEP", 3)
    _, (images, labels), _ = imagefolder.read({"path": some(tmp_path), "size": 8, "channels": 1})
    assert isinstance(images, np.memmap) and images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
    assert f"{tmp_path}/train: 3 of 8 images were read\n{tmp_path}/train: 6 of 8" in capsys.readouterr().out


def test_a_file_that_is_written_while_it_is_read_is_named(tmp_path, monkeypatch):
    some(tmp_path)
    busy, whole = tmp_path / "train/dog/1.png", imagefolder.eight_bits

    def meanwhile(image, *how):
        os.utime(busy, ns=(0, time.time_ns()))
        return whole(image, *how)

    monkeypatch.setattr(imagefolder, "eight_bits", meanwhile)
    with pytest.raises(ValueError, match="dog/1.png changed while it was read; wait until it is written, and run again"):
        imagefolder.read_image(busy, {"size": 8, "channels": 1})


def test_links_of_an_experiment_are_followed_by_snakemake(tmp_path):
    """An image behind a linked class makes the data again."""
    tree = copy(tmp_path / "tree")
    root = some(tmp_path / "images", count=8)
    link(root / "train/cat", tmp_path / "cats")
    data = f"{{experiments: {{tiny: {{data: {{source: imagefolder, path: {root}, classes: 2}}}}}}}}"
    (tree / "images.yaml").write_text(data)
    config = ["--configfile", "tests/tiny.yaml", "images.yaml"]
    snakemake(tree, "data", config=config)
    assert planned(tree, "data", config=config) == {}
    more(tmp_path / "cats")
    assert planned(tree, "data", config=config) == {"data": 1}
