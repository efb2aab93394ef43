import os
import stat

import numpy as np
import pytest
import torch

from energyguide.files.arrays import (
    check_sidecar,
    load_arrays,
    load_weights,
    map_arrays,
    read_sidecar,
    save_arrays,
    save_weights,
    sidecar,
    write_sidecar,
)
from energyguide.files.atomic import atomic, digest, read_json, write_json, write_text


def test_atomic_replaces_only_when_the_block_succeeds(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with atomic(path) as temporary:
        temporary.write_text("old")
        assert not path.exists() and temporary.parent == path.parent and temporary.suffix == ".txt"
    with pytest.raises(KeyError), atomic(path) as temporary:
        temporary.write_text("half a fi")
        raise KeyError
    assert path.read_text() == "old"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_files_follow_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a", "x")
        now = os.umask(mask)
    finally:
        os.umask(before)
    assert now == mask
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


def test_weights_round_trip_and_damage(tmp_path):
    path = tmp_path / "w.safetensors"
    weights = {"a": torch.randn(3, 4).T, "b.c": torch.tensor(7), "half": torch.ones(2, dtype=torch.bfloat16)}
    save_weights(path, weights, seed=3)
    again = load_weights(path)
    assert again.keys() == weights.keys()
    for name, value in weights.items():
        assert torch.equal(again[name], value) and again[name].dtype == value.dtype
    check_sidecar(path)
    info = read_sidecar(path)
    assert info["seed"] == 3
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="w.safetensors is damaged"):
        load_weights(path)


def test_arrays_round_trip(tmp_path):
    arrays = {"x": np.arange(6, dtype=np.uint8).reshape(2, 3), "y": np.array([0.5])}
    save_arrays(tmp_path / "a.npz", arrays)
    again = load_arrays(tmp_path / "a.npz")
    assert again.keys() == arrays.keys()
    assert all((again[k] == v).all() and again[k].dtype == v.dtype for k, v in arrays.items())


def anything(kind):
    """An array (5, 3, 4) of this type, of random bytes: numbers that are not finite, and zeros of both signs, are among them."""
    given = np.random.default_rng(0).integers(0, 256, 60 * max(1, np.dtype(kind).itemsize), np.uint8)
    if kind == "?":
        return given.reshape(5, 3, 4) % 2 > 0
    return (np.array(["a", "\u03b5\u03b5", ""] * 20, kind) if "U" in kind else given.view(kind)).reshape(5, 3, 4)


def bits(array):
    """The bytes of an array, in the order of its elements."""
    return np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize("kind", [*"?bBhHiIqQefdFD", "<U3", "S2", ">f4"])
def test_arrays_of_every_type_come_back_bit_for_bit(tmp_path, kind):
    x = anything(kind)
    arrays = {"plain": x, "columns": np.asfortranarray(x), "some": x[::2, :, ::-1], "single": x[0, 0, 0], "none": x[:0]}
    save_arrays(tmp_path / "a.npz", arrays)
    again = load_arrays(tmp_path / "a.npz")
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (again[name].dtype, again[name].shape) == (array.dtype, array.shape), name
        assert bits(again[name]) == bits(array), name


TYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.bool),
]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_tensors_of_every_type_come_back_bit_for_bit(tmp_path, kind, generator):
    given = torch.randint(0, 256, (5, 3, 4 * kind.itemsize), dtype=torch.uint8, generator=generator)
    x = given % 2 > 0 if kind == torch.bool else given.view(kind)
    weights = {"plain": x, "turned": x.transpose(0, 2), "single": x[0, 0, 0], "none": x[:0]}
    weights = {name: tensor.clone() for name, tensor in weights.items()}  # tensors of one memory are refused
    save_weights(tmp_path / "w.safetensors", weights)
    again = load_weights(tmp_path / "w.safetensors")
    assert again.keys() == weights.keys()
    for name, tensor in weights.items():
        assert (again[name].dtype, again[name].shape) == (tensor.dtype, tensor.shape), name
        one, other = (part.flatten().view(torch.uint8) for part in (again[name], tensor))
        assert torch.equal(one, other), name


def test_mapped_arrays_are_the_same_and_leave_the_file_as_it_is(tmp_path):
    path, rng = tmp_path / "a.npz", np.random.default_rng(0)
    arrays = {
        "x": rng.integers(0, 256, (50, 3, 4, 4), dtype=np.uint8),
        "y": rng.normal(size=7),
        "none": np.empty((0, 2)),
        "z": 3.0,
    }
    arrays["f"] = np.asfortranarray(rng.normal(size=(3, 4)))
    save_arrays(path, arrays)
    before, mapped = path.read_bytes(), map_arrays(path)
    for name, value in load_arrays(path).items():
        np.testing.assert_array_equal(mapped[name], value)
        assert mapped[name].dtype == value.dtype and type(mapped[name]) is np.ndarray
    assert isinstance(mapped["x"].base, np.memmap)
    mapped["x"] += 1
    assert path.read_bytes() == before
    with open(path, "r+b") as file:
        file.truncate(99)
    with pytest.raises(ValueError, match="a.npz is damaged"):
        map_arrays(path)


def test_what_numpy_would_pickle_is_not_read(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{}], dtype=object))
    write_sidecar(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="allow_pickle"):
        load_arrays(tmp_path / "a.npz")


def test_json_refuses_what_is_no_number(tmp_path):
    write_json(tmp_path / "a.json", {"x": [1, 0.1]})
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert read_json(tmp_path / "a.json") == {"x": [1, 0.1]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "74234e98afe7498f"),
        ({"a": 1, "b": [1, 2]}, "e6f20bdc3757e5e7"),
        (["sample", {"variant": "ddpm", "scales": "0_0.5"}, {"lr": 0.0001, "clip": True}], "f59164606b55b790"),
        ("\u03b5-train", "08c06ff294bb7049"),
    ],
)
def test_digests_are_fixed_for_ever(value, expected):
    """They name the folders of unfinished jobs, and configurations."""
    assert digest(value) == expected


def test_digest_ignores_the_order_of_keys_alone():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert len({digest({"a": 1, "b": [1, 2]}), digest({"a": 1, "b": [2, 1]}), digest({"a": 2, "b": [1, 2]})}) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "a.npz.json is damaged: it is not JSON"),
        ("[1]", "does not say what made"),
        ("{}", "does not say"),
        (None, "is missing"),
    ],
)
def test_a_damaged_sidecar_is_named(tmp_path, content, said):
    save_arrays(tmp_path / "a.npz", {"x": np.zeros(1)})
    path = sidecar(tmp_path / "a.npz")
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ValueError, match=f"{path.name}.*{said.removeprefix(path.name)}.*run again"):
        load_arrays(tmp_path / "a.npz")
