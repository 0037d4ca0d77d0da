"""A finished picture: PNG bytes with the words that go with them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

DPI = 150
COLOURS, SHADES = 64, 256  # of a chart, and of images, which have gradients


@dataclass(frozen=True)
class Picture:
    """A picture as the report embeds it.

    Parameters
    ----------
    name
        File name without suffix.
    png
        The same data give the same bytes, as long as matplotlib's version stays.
    alt
        What the picture shows, for a reader who cannot see it.
    caption
        How to read it.
    shows_images
        Whether images of a dataset are in it that may not be passed on.
    """

    name: str
    png: bytes
    alt: str
    caption: str
    shows_images: bool = False


def png(figure: Figure) -> bytes:
    """Return a figure as PNG without any metadata, so that equal figures are equal files."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def chart(figure: Figure) -> bytes:
    """Return a figure without photographs as `png` does, in a palette: a fifth of the size, and no eye sees it."""
    figure.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()  # once: saving a figure lays it out twice
    return _in_palette(Image.fromarray(np.asarray(canvas.buffer_rgba())), images=False)


def in_palette(picture: bytes, images: bool = False) -> bytes:
    """Return a PNG with few colours, chosen for the lines of a chart or for the shades of images."""
    with Image.open(io.BytesIO(picture)) as whole:
        return _in_palette(whole, images)


def _in_palette(whole: Image.Image, images: bool) -> bytes:
    count, choice = (SHADES, Image.Quantize.MEDIANCUT) if images else (COLOURS, Image.Quantize.MAXCOVERAGE)
    few = whole.convert("RGB").quantize(count, choice, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True, dpi=(DPI, DPI))
    return buffer.getvalue()
