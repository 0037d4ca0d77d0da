"""Colours: what the profile inside a picture makes of its values, in sRGB, as an image viewer shows them."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Literal

from PIL import Image, ImageCms, features

# Whether profiles count. Published benchmarks read values as they are stored; people see pictures as they are shown.
Colours = Literal["stored", "shown"]
TURNED = "colours are turned to sRGB by the profile in the file"
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}  # of modes, as profiles spell them
_PROFILES_KEPT = 16  # a camera's pictures share theirs


def in_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[str]]:
    """Return an image in sRGB, of mode RGB or RGBA, and what was done; as it is where its profile says nothing.

    A profile that is damaged, is sRGB itself, or is one for pictures of another kind says nothing; neither does one of
    a picture of more than 8 bits, or of palette pictures in grey.

    Parameters
    ----------
    image
        Of any mode that Pillow decodes to.
    profile
        An ICC profile (ICC.1:2022).
    """
    if not profile or not features.check("littlecms2"):
        return image, []
    if image.mode in ("1", "L", "P") and _space(profile) == "RGB ":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    opacity = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    plain = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode))
    if (transform := _transform(profile, plain.mode)) is None:
        return image, []
    turned = ImageCms.applyTransform(plain, transform)
    assert turned is not None  # it is where it is not done in place
    if opacity is not None:
        turned.putalpha(opacity)
    return turned, [TURNED]


@lru_cache(_PROFILES_KEPT)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what turns pictures of a mode to sRGB; None: nothing does, or nothing needs to."""
    if mode not in _SPACES or _space(profile) != _SPACES[mode]:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(source))
        return ImageCms.buildTransform(source, target, mode, "RGB", intent)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # damaged
        return None


def _space(profile: bytes) -> str:
    """Return which values a profile is for: `RGB `, `GRAY`, `CMYK`."""
    return profile[16:20].decode("latin1")
