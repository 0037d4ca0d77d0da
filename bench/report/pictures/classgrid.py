"""Samples: real images of every class beside what each generator makes when it is asked for that class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.report.pictures.picture import Picture, png
from bench.report.pictures.style import QUIET, WIDTH
from bench.report.pictures.tiles import GAP, MARGIN, page, tile, write

STUB = 1.15  # inches for the names of the classes
HEAD = 0.62
ROOM = 0.12  # inches between blocks
SEAM = 1  # pixels between the images of a block
CAPTION = (
    "A row is a class, with its training images. On the left real test images, then the first images that each "
    "generator makes of the class, none chosen. {deaf}"
)
DEAF = "{names}: no class can be asked for, so that a row shows what came."


def figure(
    blocks: Mapping[str, Sequence[np.ndarray]],
    classes: Sequence[str],
    counts: Sequence[int],
    name: str,
    title: str,
    deaf: Sequence[str] = (),
) -> Picture:
    """Return a picture with a row for each class and a block of images for each name.

    Parameters
    ----------
    blocks
        By name, real ones first, for each class uint8 (n, 3, S, S).
    deaf
        Names of generators that no class can be asked for.
    """
    n, rows = len(next(iter(blocks.values()))[0]), len(classes)
    wide = (WIDTH - 2 * MARGIN - STUB - (len(blocks) - 1) * ROOM) / len(blocks)
    side = wide / n
    with page(title, WIDTH, HEAD + rows * (side + GAP) + MARGIN) as drawn:
        for k, (label, count) in enumerate(zip(classes, counts, strict=True)):
            top = HEAD + k * (side + GAP)
            write(drawn, label, MARGIN, top, size=7.5)
            write(drawn, f"{count:,}", MARGIN, top + 0.13, size=6.5, color=QUIET)
        for b, (text, images) in enumerate(blocks.items()):
            left = MARGIN + STUB + b * (wide + ROOM)
            weight = "bold" if b else "normal"
            write(drawn, text, left, HEAD - 0.05, size=7, vertical="bottom", weight=weight)
            for k, some in enumerate(images):
                tile(drawn, _strip(some), left, HEAD + k * (side + GAP), wide, side)
        told = DEAF.format(names=" and ".join(deaf)) if deaf else ""
        alt = f"Grid of images. {title}. {n} images of each of {rows} classes: {', '.join(blocks)}."
        return Picture(name, png(drawn), alt, CAPTION.format(deaf=told).strip(), True)


def _strip(images: np.ndarray) -> np.ndarray:
    """Return images (n, 3, S, S) side by side, (S, n S, 3), with a white seam between them."""
    seam = np.full((images.shape[-2], SEAM, 3), 255, np.uint8)
    parts = [part for image in images for part in (image.transpose(1, 2, 0), seam)]
    return np.concatenate(parts[:-1], axis=1)
