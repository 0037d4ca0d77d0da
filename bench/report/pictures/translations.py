"""Translations: real images and what generators trained at each minority count made of them, in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from bench.report.pictures.picture import Picture, png
from bench.report.pictures.style import QUIET, WIDTH
from bench.report.pictures.tiles import GAP, MARGIN, page, tile, write

STUB = 0.62  # inches for the labels of the rows
HEAD = 0.72
BETWEEN = 0.2  # inches between the directions
ARROW = "\N{RIGHTWARDS ARROW}"
PAUSE = 0.12  # inches between minority counts
CAPTION = (
    "Real images and their translations by generators that were trained with so many {minority} images: {majority} to "
    "{minority} on the left, {minority} to {majority} on the right. By {generators}: of a stage the "
    "one trained longest, of a method that of seed 0. The first images of the test part, whatever they show."
)


@dataclass(frozen=True, eq=False)
class Direction:
    """Real images, uint8 (n, 3, H, W), and what each generator made of them, of the same shape."""

    real: np.ndarray
    translated: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class AtPlace:
    """Both directions at one place; the same n and the same generators in every group."""

    minority_count: int
    majority_count: int
    to_minority: Direction
    to_majority: Direction


def figure(groups: Sequence[AtPlace], majority: str, minority: str, name: str, title: str) -> Picture:
    """Return n rows a minority count, and columns for the real image and each generator in both directions."""
    generators = list(groups[0].to_minority.translated)
    columns, n = 1 + len(generators), len(groups[0].to_minority.real)
    side = (WIDTH - 2 * MARGIN - STUB - BETWEEN - 2 * (columns - 1) * GAP) / (2 * columns)
    pitch = n * (side + GAP) + PAUSE
    lefts = (MARGIN + STUB, MARGIN + STUB + columns * (side + GAP) - GAP + BETWEEN)
    with page(title, WIDTH, HEAD + pitch * len(groups)) as drawn:
        for left, source, target in zip(lefts, (majority, minority), (minority, majority), strict=True):
            _headings(drawn, (f"real\n{source}", *(f"{each}\n{ARROW} {target}" for each in generators)), left, side)
        for g, group in enumerate(groups):
            top = HEAD + pitch * g
            write(drawn, f"{group.minority_count}", MARGIN, top, size=11, weight="bold")
            ratio = f"1 : {group.majority_count / group.minority_count:.3g}"
            write(drawn, f"{minority}\n{ratio}", MARGIN, top + 0.2, color=QUIET, size=7.5)
            for left, direction in zip(lefts, (group.to_minority, group.to_majority), strict=True):
                _block(drawn, [direction.real, *map(direction.translated.__getitem__, generators)], left, top, side)
        caption = CAPTION.format(majority=majority, minority=minority, generators=" and ".join(generators))
        return Picture(name, png(drawn), _alt(groups, generators, majority, minority, title), caption, True)


def _headings(drawn: Figure, words: Sequence[str], left: float, side: float) -> None:
    for k, text in enumerate(words):
        weight = "normal" if k else "bold"
        write(drawn, text, left + k * (side + GAP), HEAD - 0.06, vertical="bottom", weight=weight)


def _block(drawn: Figure, columns: Sequence[np.ndarray], left: float, top: float, side: float) -> None:
    for k, images in enumerate(columns):
        for i, image in enumerate(images):
            place = (left + k * (side + GAP), top + i * (side + GAP))
            tile(drawn, image.transpose(1, 2, 0), *place, side, side)


def _alt(groups: Sequence[AtPlace], generators: Sequence[str], majority: str, minority: str, title: str) -> str:
    counts = ", ".join(str(group.minority_count) for group in groups)
    n = len(groups[0].to_minority.real)
    return (
        f"Grid of images. {title}. For {counts} training images of {minority}: {n} real images of {majority} turned "
        f"into {minority}, and {n} of {minority} turned into {majority}, by {' and '.join(generators)}."
    )
