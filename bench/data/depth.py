"""Depth: values of more than 8 bits, scaled to 8 by the depth that their file states, with what that loses."""

from __future__ import annotations

import numpy as np
from PIL import Image

BITS_PER_SAMPLE, SAMPLE_FORMAT, UNSIGNED, SIGNED = 258, 339, 1, 2  # of TIFF
FEW_LEVELS = 64
LOST = f"fewer than {FEW_LEVELS} grey levels are left"  # what is said of a picture that scaling makes dull
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # of TIFF


def colour_bits(image: Image.Image) -> int:
    """Return the bits of a value of a colour picture that is not loaded yet: where Pillow keeps 8 of them, 16."""
    tiles = getattr(image, "tile", ())
    how = str(tiles[0][-1]) if tiles else ""
    if image.format == "PNG":
        return 16 if how.endswith(";16B") and len(image.getbands()) > 1 else 8
    if image.format == "TIFF":
        bits = image.tag_v2.get(BITS_PER_SAMPLE, (1,))  # type: ignore[attr-defined]
        return int(max(bits)) if len(bits) > 1 else 8
    return 8


def narrowed(picture: Image.Image, bits: int) -> list[str]:
    """Return what to know of a colour picture of more than 8 bits a value, of which the upper 8 are left."""
    if bits <= 8:
        return []
    said = [f"{bits} bits a value are scaled to 8"]
    if np.asarray(picture).max() < FEW_LEVELS:
        said.append(f"{LOST} of {bits} bits a value; save it with its values spread over all bits, or with 8 bits")
    return said


def scaled(values: np.ndarray, source: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return grey values of more than 8 bits (H, W) as RGB by the depth that their file states, and what to know of it.

    Values that use a small part of their depth, as those of cameras of 12 bits do in files of 16, lose what they show.
    """
    bits = _depth(source)
    levels = np.rint(values.astype(np.float64) * (255 / (2**bits - 1))).clip(0, 255).astype(np.uint8)
    said = [f"{bits} bits a pixel are scaled to 8"]
    if np.ptp(levels) < FEW_LEVELS and len(np.unique(values)) > len(np.unique(levels)):
        said.append(f"{LOST} of {bits} bits a pixel; save it with its values spread over all bits, or with 8 bits")
    if source.format == "TIFF" and source.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # type: ignore[attr-defined]
        levels = 255 - levels  # Pillow does so up to 8 bits
    if source.format == "PNG" and (hidden := values == source.info.get("transparency")).any():
        levels, said = np.where(hidden, np.uint8(255), levels), [*said, "transparent pixels are put on white"]
    return Image.fromarray(levels).convert("RGB"), said


def _depth(source: Image.Image) -> int:
    """Return the bits of a grey pixel that the file states.

    Raises
    ------
    ValueError
        The values have no stated range.
    """
    if source.format == "TIFF":
        tags = source.tag_v2  # type: ignore[attr-defined]
        bits, kind = tags.get(BITS_PER_SAMPLE, (1,)), tags.get(SAMPLE_FORMAT, (UNSIGNED,))
        if source.mode == "F" or bits[0] > 16 or kind[0] != UNSIGNED:
            raise ValueError(f"{bits[0]}-bit values of no stated range; save it with 8 or 16 bits a pixel")
        return int(bits[0])
    if source.mode == "F":
        raise ValueError("floating-point values of no stated range; save it with 8 or 16 bits a pixel")
    return 16
