"""The pixels of an image file as 8-bit levels: deeper ones scaled by the range of their type, transparent ones composed."""

import numpy as np

SCALED = "were scaled to 8 bits by the range of their type"
FRAMES = "have several frames, of which the first was taken"
BITS, INTERPRETATION, FORMAT = 258, 262, 339  # tags of TIFF
SIGNED, WHITE_IS_ZERO = 2, 0


class Unusable(ValueError):
    """What is wrong with the pixels of an image, in words that follow the name of its file."""


def eight_bits(image, channels, background):
    """An image that Pillow has opened, turned upright, as one of 8-bit levels; and what was done to it, words -> example.

    Args:
        channels: 1 gives the mode "L", 3 the mode "RGB".
        background: the colour that shows where the image is transparent.

    Raises:
        Unusable: the values lie outside of the range of their type, or would become a single grey.
        Exception: whatever Pillow raises of a damaged file.
    """
    from PIL import ImageOps

    depth, notes = depth_of(image), {}
    if getattr(image, "is_animated", False):
        notes[FRAMES] = ""
    image = ImageOps.exif_transpose(image)
    if depth:
        image, notes[SCALED] = shallow(image, *depth)
    if image.has_transparency_data:
        image, seen = composed(image, background)
        notes |= {f"were laid over {background}, as they are transparent": ""} if seen else {}
    return image.convert("L" if channels == 1 else "RGB"), notes


def depth_of(image):
    """The white of a type of more than 8 bits, whether it is unsigned, and whether 0 is white; None for 8 bits and fewer.

    Pillow opens 16-bit grey of PNG and TIFF as "I;16", of PGM as "I", other integers as "I", and floating point as "F".
    """
    tags = getattr(image, "tag_v2", {})
    inverted = tags.get(INTERPRETATION) == WHITE_IS_ZERO
    if image.mode == "F":
        return 1.0, False, inverted
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return None
    signed = tags.get(FORMAT, (1,))[0] == SIGNED
    if image.mode.startswith("I;16") or image.format in ("PNG", "PPM"):
        bits = tags.get(BITS, (16,))[0]
    else:
        bits, signed = (tags[BITS][0], signed) if BITS in tags else (32, True)
    return 2 ** (bits - signed) - 1, not signed, inverted


def shallow(image, white, unsigned, inverted):
    """An image of deep levels as "L", or "LA" where one of its levels is transparent; and what values it had."""
    from PIL import Image

    values = np.asarray(image)
    if unsigned and values.dtype == np.int32:
        values = values.view(np.uint32)  # Pillow's mode has a sign, the file's numbers have none
    grey = Image.fromarray(levels(values, white, inverted))
    kind = "a float" if isinstance(white, float) else f"{white.bit_length()} bits"
    if (clear := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey, f"({kind}, of which it has {values.min():.10g} to {values.max():.10g})"


def levels(values, white, inverted=False):
    """Numbers in [0, white] as uint8 in [0, 255], rounded. Raises Unusable for others, and where all would become one grey."""
    if not np.isfinite(values).all():
        raise Unusable("has values that are not finite, where an image of floats needs [0, 1]; repair or remove it")
    low, high = values.min(), values.max()
    if low < 0 or high > white:
        raise Unusable(f"has values from {low:.10g} to {high:.10g}, where its type needs [0, {white:.10g}]; rescale or remove it")
    scaled = np.rint(values * (255 / white)).astype(np.uint8)
    if low < high and scaled.min() == scaled.max():
        few = f"has values from {low:.10g} to {high:.10g} of [0, {white:.10g}]"
        raise Unusable(f"{few}, which are one grey in 8 bits; stretch them, or remove it")
    return 255 - scaled if inverted else scaled


def composed(image, background):
    """A transparent image over a background, as "RGB", and whether any of the background shows."""
    from PIL import Image

    image = image.convert("RGBA")
    if image.getextrema()[3][0] == 255:
        return image.convert("RGB"), False
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image).convert("RGB"), True
