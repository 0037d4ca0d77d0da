"""Decoding: a file becomes the RGB picture that an image viewer shows, or one line says why not."""

from __future__ import annotations

import warnings
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.data.colours import Colours, in_srgb
from bench.data.depth import BITS_PER_SAMPLE, SAMPLE_FORMAT, SIGNED, UNSIGNED, colour_bits, narrowed, scaled
from bench.dataset import MOST_BYTES, Dataset
from bench.errors import DataError
from bench.store.regular import Odd, open_regular

# What Pillow decodes by itself; nothing of these starts another program (EPS would start Ghostscript). Pillow
# opens MPO as JPEG.
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "DIB", "GIF", "PPM", "JPEG2000", "AVIF", "TGA")
SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "tif", "tiff", "webp", "bmp", "dib", "gif"),
        *("ppm", "pgm", "pbm", "pnm", "jp2", "j2k", "jpx", "avif", "tga"),
    )
)
MOST_PIXELS = 80_000_000  # a larger picture is refused; a few bytes can claim to be billions of pixels
AT_MOST = f"at most {MOST_PIXELS:,} are decoded"
BACKGROUND = (255, 255, 255)  # what shows through transparent pictures
BORDER = (0, 0, 0)  # what fills the square beside a padded picture
SAID = "decoding"  # key of what a picture's `info` says of how it was decoded
_ORIENTATION = 0x0112  # of EXIF
_PLANES, _SEPARATE = 284, 2  # of TIFF
_GREY_STEP = {"L;2": 85, "L;4": 17}  # by which Pillow spreads grey pixels of few bits over 8
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow's remarks on damaged metadata and on many pixels, lines a picture; what matters is an error and told in our
# words.
for _remark in (UserWarning, Image.DecompressionBombWarning):
    warnings.filterwarnings("ignore", category=_remark, module=r"PIL\.")

Shape = Literal["squash", "pad", "crop"]


def picture_of(dataset: Dataset, name: str, digest: str = "") -> Image.Image:
    """Return one of a dataset's images as RGB, as a viewer shows it.

    Parameters
    ----------
    digest
        SHA-256 in hex of the file that is meant; "": whatever is there.

    Raises
    ------
    DataError
        The file is missing, truncated, not an image, or not the one that is meant; the text names it.
    """
    if (picture := dataset.read(name)) is not None:
        return picture
    path, colours = dataset.path(name), colours_of(dataset)
    try:
        if not digest:
            return decoded(path, colours=colours)
        content = dataset.content(name)  # decoded are the very bytes that are judged: the file may change meanwhile
    except FileNotFoundError:
        raise DataError(dataset.missing(name)) from None
    if sha256(content).hexdigest() != digest:
        raise DataError(f"{path} changed while the images were decoded; run the same command again")
    return decoded(path, content, colours)


def colours_of(dataset: Dataset) -> Colours:
    """Return whether the profiles in a dataset's files count: in people's own images alone, as in their viewers.

    Shipped datasets are read as the papers read them, who took values as they are stored.
    """
    return "shown" if dataset.of_users else "stored"


def decoded(path: Path, content: bytes | None = None, colours: Colours = "shown") -> Image.Image:
    """Return the picture in a file as RGB, upright, on `BACKGROUND` where it is transparent, the first of its frames.

    16 bits are scaled to 8 by the depth that the file states. `info[SAID]` is a tuple of what was done that is worth
    knowing. `content` is that of the file, where it has been read before; `colours`: whether a profile in it counts.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    DataError
        It cannot be read as an image; the text names it.
    """
    try:
        # From a file that is open already: Pillow maps others into memory, and turned grey TIFFs are garbled by that.
        with _opened(path, content) as file, Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise DataError(f"{path}: {width} x {height} pixels; {AT_MOST}")
            said = ["only the first of its frames is used"] if _has_frames(image) else []
            _see_to(image)
            bits = colour_bits(image)
            image.load()
            turned = _upright(image)
            if colours == "shown":
                turned, more = in_srgb(turned, image.info.get("icc_profile"))
                said += more
            picture, more = _as_rgb(turned, image)
            more += narrowed(picture, bits)
    except (FileNotFoundError, DataError):
        raise
    except Odd as odd:
        what = str(odd) if str(odd).startswith("it ") else f"it is {odd}"
        raise DataError(f"{path}: cannot be read as an image ({what})") from None
    except Image.DecompressionBombError:  # twice what Pillow remarks on is refused by itself, before it says the size
        raise DataError(f"{path}: too many pixels; {AT_MOST}") from None
    except UnidentifiedImageError:
        size = path.stat().st_size if content is None else len(content)
        what = "no picture of a format that is read here" if size else "the file is empty"
        raise DataError(f"{path}: cannot be read as an image ({what})") from None
    except Exception as error:  # decoders raise whatever they like: struct.error, SyntaxError, KeyError, MemoryError
        raise DataError(f"{path}: cannot be read as an image ({_plain(error)})") from error
    picture.info = {SAID: (*said, *more)}
    return picture


def fitted(image: Image.Image, shape: Shape, size: int) -> Image.Image:
    """Return an image as a square of `size` pixels a side, bicubic with antialiasing.

    `squash` changes the aspect, `pad` keeps it and fills the rest with `BORDER`, `crop` keeps it and cuts the middle.
    """
    width, height = image.size
    if shape == "squash" or width == height:
        return image.resize((size, size), Image.Resampling.BICUBIC)
    if shape == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        middle = image.crop((left, top, left + side, top + side))
        return middle.resize((size, size), Image.Resampling.BICUBIC)
    longer = max(width, height)
    inner = max(1, round(width * size / longer)), max(1, round(height * size / longer))
    square = Image.new("RGB", (size, size), BORDER)
    square.paste(image.resize(inner, Image.Resampling.BICUBIC), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return square


def _opened(path: Path, content: bytes | None) -> BinaryIO:
    return open_regular(path, MOST_BYTES) if content is None else BytesIO(content)


def _see_to(image: Image.Image) -> None:
    """Set right, or refuse, what Pillow would decode to other values than the file holds.

    Raises
    ------
    ValueError
        The text says how to save it.
    """
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        bits, kinds = tags.get(BITS_PER_SAMPLE, (1,)), tags.get(SAMPLE_FORMAT, (UNSIGNED,))
        if max(bits) <= 8 and any(kind == SIGNED for kind in kinds):
            raise ValueError("signed values; save it with unsigned ones")
        if len(bits) > 1 and max(bits) > 8 and tags.get(_PLANES) == _SEPARATE:
            raise ValueError(f"{max(bits)}-bit values in separate planes; save it with interleaved ones")
    tiles = getattr(image, "tile", ())
    if image.format == "PNG" and tiles and isinstance(hidden := image.info.get("transparency"), int):
        image.info["transparency"] = hidden * _GREY_STEP.get(str(tiles[0][-1]), 1)  # the pixels are scaled, this is not


def _has_frames(image: Image.Image) -> bool:
    """Return whether a file holds several pictures; the previews that cameras put behind a JPEG do not count."""
    with suppress(Exception):  # a damaged second frame does not matter
        return image.format not in ("JPEG", "MPO") and bool(getattr(image, "is_animated", False))
    return False


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF orientation says; no other entry is read, and a damaged block turns nothing."""
    turn = None
    with suppress(Exception):
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _as_rgb(image: Image.Image, source: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return an image as RGB, and what was done that is worth knowing."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return scaled(np.asarray(image), source)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        if np.asarray(picture.getchannel("A")).min() < 255:
            whole = Image.new("RGBA", picture.size, (*BACKGROUND, 255))
            return Image.alpha_composite(whole, picture).convert("RGB"), ["transparent pixels are put on white"]
        return picture.convert("RGB"), []
    return image.convert("RGB"), []


def _plain(error: Exception) -> str:
    """Return an error's text on one line of sensible length; foreign names in it may hold anything."""
    text = str(error) or type(error).__name__
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:200]
