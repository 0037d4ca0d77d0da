"""Tiles: images side by side at places given in inches from the upper left corner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from bench.report.pictures.style import INK, drawing

MARGIN = 0.06  # inches around a page
GAP = 0.04  # inches between tiles that belong together


@contextmanager
def page(title: str, width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure with its title, sizes in inches, on which everything stands where it is put."""
    with drawing("", width, height) as figure:
        figure.set_layout_engine("none")
        write(figure, title, MARGIN, MARGIN, size=10, weight="bold")
        yield figure


def tile(figure: Figure, image: np.ndarray, left: float, top: float, width: float, height: float) -> None:
    """Draw an image, uint8 or float RGB (H, W, 3), into a rectangle of so many inches."""
    page_width, page_height = figure.get_size_inches()
    place = (left / page_width, 1 - (top + height) / page_height, width / page_width, height / page_height)
    axes = figure.add_axes(place)
    axes.imshow(image, aspect="auto")
    axes.set_axis_off()


def write(
    figure: Figure,
    text: str,
    left: float,
    top: float,
    *,
    size: float = 8,
    color: str = INK,
    weight: str = "normal",
    vertical: Literal["top", "bottom"] = "top",
) -> None:
    """Write a text to the right of a place in inches, below it or (`vertical="bottom"`) above it."""
    width, height = figure.get_size_inches()
    place = (left / width, 1 - top / height)
    figure.text(*place, text, va=vertical, fontsize=size, color=color, fontweight=weight)
