"""Heat maps side by side: where several methods' classifiers look, and whether those places really decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from bench.report.pictures.panels import shown
from bench.report.pictures.picture import Picture, png
from bench.report.pictures.style import QUIET, VERMILLION, WIDTH
from bench.report.pictures.tiles import GAP, MARGIN, page, tile, write

HEAD, FOOT = 0.72, 0.35  # inches above the first row and below the last
ABOVE, BELOW = 0.2, 0.24  # inches for text around each tile
BETWEEN = 0.14  # inches between methods
OPACITY = 0.85  # of the strongest evidence
RED = np.array([0.70, 0.04, 0.10])  # dark enough to be seen in grey
CAPTION = (
    "What speaks for the class that each classifier predicts: the darker the red, the more. {kinds}, each stretched to "
    "its own range. Grad-CAM leaves out what speaks against the class, which may be all there is. Below each map, "
    "areas under two curves: how the probability of that class falls when the reddest pixels are greyed first "
    "(deletion, less is better), and how it rises when they return first to a blurred image (insertion, more is "
    "better). A wrong prediction is written in orange with a cross."
)


@dataclass(frozen=True, eq=False)
class Map:
    """One explanation: its kind, such as Grad-CAM, the map (H, W) of any range, and its two areas."""

    kind: str
    heat: np.ndarray
    deletion: float
    insertion: float


@dataclass(frozen=True, eq=False)
class Explained:
    """What one method's classifier says about an image, with what probability, and why."""

    method: str
    predicted: str
    probability: float
    maps: tuple[Map, ...]


@dataclass(frozen=True, eq=False)
class Example:
    """An image, uint8 (3, H, W), its class, and every method's explanation, in the same order in each row."""

    image: np.ndarray
    label: str
    explained: tuple[Explained, ...]


def figure(rows: Sequence[Example], name: str, title: str) -> Picture:
    """Return one row an image: the image, then each method's maps over it."""
    methods, kinds = len(rows[0].explained), [each.kind for each in rows[0].explained[0].maps]
    gaps = methods * (BETWEEN + (len(kinds) - 1) * GAP)
    side = (WIDTH - 2 * MARGIN - gaps) / (1 + methods * len(kinds))
    pitch = ABOVE + side + BELOW
    with page(title, WIDTH, HEAD + pitch * len(rows) + FOOT) as drawn:
        lefts = [MARGIN + side + BETWEEN + m * (len(kinds) * (side + GAP) - GAP + BETWEEN) for m in range(methods)]
        for left, explained in zip(lefts, rows[0].explained, strict=True):
            _heading(drawn, explained, left, side)
        for r, row in enumerate(rows):
            top = HEAD + pitch * r + ABOVE
            tile(drawn, row.image.transpose(1, 2, 0), MARGIN, top, side, side)
            write(drawn, row.label, MARGIN, top - 0.03, vertical="bottom")
            for left, explained in zip(lefts, row.explained, strict=True):
                _group(drawn, row, explained, left, top, side)
        _key(drawn, MARGIN, HEAD + pitch * len(rows) + 0.08)
        return Picture(name, png(drawn), _alt(rows, title), CAPTION.format(kinds=" and ".join(kinds)), True)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return an image, uint8 (3, H, W), in light grey with a map (H, W) in red upon it, float RGB (H, W, 3)."""
    grey = 0.35 + 0.65 * np.tensordot((0.299, 0.587, 0.114), image / 255.0, axes=1)[..., None]
    span = np.ptp(heat)
    strength = OPACITY * (heat - heat.min()) / span if span > 0 else np.zeros_like(heat)
    return np.asarray((1 - strength[..., None]) * grey + strength[..., None] * RED)


def _heading(drawn: Figure, explained: Explained, left: float, side: float) -> None:
    write(drawn, shown(explained.method), left, HEAD - 0.38, size=9, weight="bold")
    for k, each in enumerate(explained.maps):
        write(drawn, each.kind, left + k * (side + GAP), HEAD - 0.2, size=7.5, color=QUIET)


def _group(drawn: Figure, row: Example, explained: Explained, left: float, top: float, side: float) -> None:
    right = explained.predicted == row.label
    verdict = f"{explained.predicted} {explained.probability:.2f}{'' if right else ' ✗'}"
    write(drawn, verdict, left, top - 0.03, vertical="bottom", color=QUIET if right else VERMILLION)
    for k, each in enumerate(explained.maps):
        place = left + k * (side + GAP)
        tile(drawn, overlay(row.image, each.heat), place, top, side, side)
        told = np.ptp(each.heat) > 0  # of a flat map the areas would be those of the order of reading
        areas = f"del {each.deletion:.2f}  ins {each.insertion:.2f}" if told else "nothing speaks for it"
        write(drawn, areas, place, top + side + 0.03, size=6.5, color=QUIET)


def _key(drawn: Figure, left: float, top: float) -> None:
    write(drawn, "little", left, top, size=7.5, color=QUIET)
    grey = np.full((3, 1, 100), 200, np.uint8)
    tile(drawn, overlay(grey, np.linspace(0, 1, 100)[None]), left + 0.4, top, 1.2, 0.12)
    write(drawn, "much evidence", left + 1.68, top, size=7.5, color=QUIET)


def _alt(rows: Sequence[Example], title: str) -> str:
    def areas(explained: Explained) -> str:
        return ", ".join(f"{m.kind} deletion {m.deletion:.2f} insertion {m.insertion:.2f}" for m in explained.maps)

    lines = [
        f"{row.label}: "
        + "; ".join(f"{shown(e.method)} says {e.predicted} {e.probability:.2f} ({areas(e)})" for e in row.explained)
        for row in rows
    ]
    return f"Images with heat maps. {title}. {'. '.join(lines)}."
