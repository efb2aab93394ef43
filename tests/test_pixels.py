"""Image files of every depth, mode and size: as numpy has them, or one line that names the file."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from energyguide.data.sources import imagefolder
from energyguide.data.sources.imagefolder import read_image

WHITE = np.array([255, 255, 255.0])
SPEC = {"size": 6, "channels": 1}
INTEGERS = {"uint16": (0, 65535, "png"), "uint16 tif": (0, 65535, "tif"), "int32": (-(2**31), 2**31 - 1, "tif")}
MODES = ["1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV"]


def grey(values, high):
    """Levels of 8 bits by the range of the type, as numpy has them."""
    return np.rint(values.astype(np.float64) / high * 255).astype(np.uint8)


def fitted(values, spec):
    """An image of 8 bits as the network takes it: (channel, size, size)."""
    image = Image.fromarray(values).convert("L" if spec["channels"] == 1 else "RGB")
    square = np.asarray(ImageOps.fit(image, (spec["size"],) * 2, Image.Resampling.BOX))
    return square.reshape(spec["size"], spec["size"], spec["channels"]).transpose(2, 0, 1)


def outcome(file, spec):
    """The image in a file; or the line by which it was refused, which names it and the remedy."""
    try:
        return read_image(file, spec)[0]
    except ValueError as error:
        line = str(error)
        assert line.startswith(str(file)) and "\n" not in line and "; " in line
        return line


def ramp(dtype, low, high, shape=(6, 6)):
    return np.linspace(low, high, shape[0] * shape[1]).astype(dtype).reshape(shape)


def saved(path, values, **how):
    Image.fromarray(values).save(path, **how)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_a_ramp_of_16_bits_stays_one(tmp_path, suffix):
    values = ramp(np.uint16, 0, 65535)
    image, notes = read_image(saved(tmp_path / f"a.{suffix}", values), SPEC)
    np.testing.assert_array_equal(image[0], grey(values, 65535))
    assert (image == 255).sum() == 1 and any("scaled to 8 bits" in what for what in notes)


def test_a_ramp_of_32_bits_stays_one(tmp_path):
    values = ramp(np.int64, 0, 2**31 - 1).astype(np.int32)
    np.testing.assert_array_equal(read_image(saved(tmp_path / "a.tif", values), SPEC)[0][0], grey(values, 2**31 - 1))
    unsigned = ramp(np.int64, 0, 2**32 - 1).astype(np.uint32)
    file = tmp_path / "b.tif"
    tags = {256: 6, 257: 6, 258: 32, 259: 1, 262: 1, 273: 8, 277: 1, 278: 6, 279: 144, 339: 1}
    entries = b"".join(k.to_bytes(2, "little") + b"\4\0\1\0\0\0" + v.to_bytes(4, "little") for k, v in sorted(tags.items()))
    data = unsigned.tobytes()
    start = (8 + len(data)).to_bytes(4, "little")
    file.write_bytes(b"II*\0" + start + data + len(tags).to_bytes(2, "little") + entries + bytes(4))
    np.testing.assert_array_equal(read_image(file, SPEC)[0][0], grey(unsigned, 2**32 - 1))


def test_white_may_be_the_lowest_level(tmp_path):
    values = ramp(np.uint16, 0, 65535)
    file = saved(tmp_path / "a.tif", values, tiffinfo={262: 0})
    with Image.open(file) as image:
        assert image.mode == "I;16" and image.tag_v2[262] == 0
    np.testing.assert_array_equal(read_image(file, SPEC)[0][0], grey(65535 - values.astype(int), 65535))


def test_floats_are_levels_of_0_to_1_or_are_refused_with_their_range(tmp_path):
    values = ramp(np.float32, 0, 1)
    np.testing.assert_array_equal(read_image(saved(tmp_path / "a.tif", values), SPEC)[0][0], grey(values, 1))
    for wrong, said in ((values * 255, "0 to 255"), (values - 0.5, "-0.5 to 0.5"), (values * np.nan, "not finite")):
        line = outcome(saved(tmp_path / "b.tif", wrong), SPEC)
        assert said in line and "[0, 1]" in line


@pytest.mark.parametrize("values", [ramp(np.uint16, 0, 120), ramp(np.int32, 0, 4095), ramp(np.float32, 0, 0.0015)])
def test_a_picture_that_would_be_one_flat_grey_is_refused(tmp_path, values):
    assert "one grey" in outcome(saved(tmp_path / "a.tif", values), SPEC)


@settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    kind=st.sampled_from([*INTEGERS, "float32"]),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 2**16),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    outside=st.booleans(),
    channels=st.sampled_from([1, 3]),
)
def test_depths_are_right_against_numpy_or_end_in_one_line(tmp_path_factory, kind, shape, seed, ends, outside, channels):
    low, high, suffix = INTEGERS.get(kind, (-3.0, 1.0, "tif"))
    low = low if outside else 0
    first, last = sorted(low + (high - low) * end for end in ends)
    values = np.random.default_rng(seed).uniform(first, last, shape)
    values = values.astype(kind.split()[0]) if kind == "float32" else np.rint(values).astype(kind.split()[0])
    file = saved(folder(tmp_path_factory) / f"a.{suffix}", values)
    spec = {"size": 4, "channels": channels}
    found = outcome(file, spec)
    levels = grey(np.maximum(values, 0), high)
    if values.min() < 0:
        assert isinstance(found, str) and "has values from" in found
    elif values.min() < values.max() and levels.min() == levels.max():
        assert "one grey" in found
    else:
        np.testing.assert_array_equal(found, fitted(levels, spec))


def folder(factory):
    """One folder for all cases of a property, which write over one another's files."""
    base = factory.getbasetemp() / "cases"
    base.mkdir(exist_ok=True)
    return base


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    mode=st.sampled_from([*MODES, "LA", "RGBA", "PA"]),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 2**16),
    alpha=st.sampled_from(["any", "all", "none", "keyed"]),
    channels=st.sampled_from([1, 3]),
    background=st.sampled_from([None, "white", "black", "#ff8000"]),
)
def test_modes_are_right_against_numpy_or_end_in_one_line(tmp_path_factory, mode, shape, seed, alpha, channels, background):
    """Colours as Pillow converts what is opaque, and composed over the background by numpy where it is not."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    keyed = alpha == "keyed" and mode in ("L", "RGB", "P")
    opaque = {"any": rng.integers(0, 256, shape), "all": np.zeros(shape)}.get(alpha, np.full(shape, 255)).astype(np.uint8)
    base = mode.removesuffix("A")
    image = Image.fromarray(colours).convert(base)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(opaque))
    suffix = "tif" if mode in ("CMYK", "YCbCr", "PA") else "png"
    if mode == "PA":
        image = Image.merge("LA", (Image.fromarray(colours).convert("L"), Image.fromarray(opaque)))
    if mode == "HSV":
        image = image.convert("RGB")
    how = {"transparency": {"L": 0, "P": 0, "RGB": (0, 0, 0)}[mode]} if keyed else {}
    file = folder(tmp_path_factory) / f"b.{suffix}"
    image.save(file, **how)
    with Image.open(file) as opened:
        whole = np.asarray(opened.convert("RGBA")).astype(np.float64)
        plain = np.asarray(opened.convert("L" if channels == 1 else "RGB"))
    ground = {None: WHITE, "white": WHITE, "black": 0 * WHITE}.get(background, np.array([255, 128, 0.0]))
    share = whole[:, :, 3:] / 255
    expected = np.rint(whole[:, :, :3] * share + ground * (1 - share)).astype(np.uint8) if (share < 1).any() else plain
    spec = {"size": min(shape), "channels": channels} | ({"background": background} if background else {})
    difference = np.abs(outcome(file, spec).astype(int) - fitted(expected, spec).astype(int)).max()
    assert difference <= (1 if (share < 1).any() else 0)


@pytest.fixture
def icons(tmp_path):
    """A red square on hidden blue: only what is opaque is meant to be seen; one image a part has no transparency."""
    for part in ("train", "test"):
        for name in ("disc", "square"):
            place = tmp_path / part / name
            place.mkdir(parents=True)
            pixels = np.zeros((6, 6, 4), np.uint8)
            pixels[:, :] = (0, 0, 255, 0)
            pixels[2:4, 2:4] = (255, 0, 0, 255)
            Image.fromarray(pixels).save(place / "0.png")
            Image.fromarray(pixels[:, :, :3]).save(place / "1.png")
    return tmp_path


def test_hidden_colours_stay_hidden_and_the_log_says_so_once(icons, capsys):
    _, (images, _), _ = imagefolder.read({"path": icons, "size": 6, "channels": 3})
    assert images[0][:, 0, 0].tolist() == [255, 255, 255] and images[0][:, 2, 2].tolist() == [255, 0, 0]
    assert images[1][:, 0, 0].tolist() == [0, 0, 255]
    said = [line for line in capsys.readouterr().out.splitlines() if "transparent" in line]
    assert [line.partition(":")[0] for line in said] == [f"{icons}/train", f"{icons}/test"] and "2 of 4" in said[0]
    _, (images, _), _ = imagefolder.read({"path": icons, "size": 6, "channels": 3, "background": "#008000"})
    assert images[0][:, 0, 0].tolist() == [0, 128, 0]


def test_a_transparent_level_of_16_bits_shows_the_background(tmp_path):
    values = ramp(np.uint16, 0, 65535)
    file = saved(tmp_path / "a.png", values, transparency=0)
    expected = grey(values, 65535)
    expected[0, 0] = 255
    np.testing.assert_array_equal(read_image(file, SPEC)[0][0], expected)


def test_the_first_of_several_frames_is_taken_and_the_log_says_so(icons, capsys):
    frames = [Image.new("L", (6, 6), level) for level in (10, 200)]
    frames[0].save(icons / "train/disc/2.gif", save_all=True, append_images=frames[1:])
    _, (images, _), _ = imagefolder.read({"path": icons, "size": 6, "channels": 1})
    assert (images[2] == 10).all() and "1 of 5 images have several frames" in capsys.readouterr().out


def test_photos_are_turned_as_they_were_taken(tmp_path):
    values = ramp(np.uint16, 0, 65535)
    exif = Image.Exif()
    exif[274] = 3
    file = saved(tmp_path / "a.png", values, exif=exif)
    np.testing.assert_array_equal(read_image(file, SPEC)[0][0], grey(values, 65535)[::-1, ::-1])


@pytest.mark.parametrize(("height", "width"), [(1000, 1000), (1000, 1500), (60, 50)])
def test_photos_of_any_shape_become_the_mean_of_their_middle_square(tmp_path, height, width):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image, notes = read_image(saved(tmp_path / "a.png", pixels), {"size": 10, "channels": 3})
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side].astype(float)
    expected = square.reshape(10, side // 10, 10, side // 10, 3).mean((1, 3)).transpose(2, 0, 1)
    assert notes == {"were resized and cropped to 10x10": f"({width}x{height})"}
    assert np.abs(image - expected).max() <= 1


def test_a_fourth_channel_that_is_no_transparency_is_converted(tmp_path):
    cmyk = np.random.default_rng(0).integers(0, 256, (6, 6, 4), dtype=np.uint8)
    Image.fromarray(cmyk, "CMYK").save(tmp_path / "a.tif")
    expected = (255 - cmyk[:, :, :3].astype(float)) * (255 - cmyk[:, :, 3:]) / 255
    found = read_image(tmp_path / "a.tif", {"size": 6, "channels": 3})[0]
    assert np.abs(found.transpose(1, 2, 0) - expected).max() <= 1
