"""Confusion: for every method, which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from bench.report.pictures.panels import arranged, columns_for, shown, titled
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, INK, QUIET, WIDTH, drawing

FEW = 6  # classes whose shares are written into the tiles
LONGEST = 12  # letters of a class's name
CAPTION = (
    "Share of each class's test images (rows) that are decided to be of each class (columns), mean over seeds: the "
    "darker, the more. Classes stand in label order; above each panel, the mean of the diagonal, which is the ACSA."
)


def figure(matrices: Mapping[str, np.ndarray], classes: Sequence[str], name: str, title: str) -> Picture:
    """Return one panel a method.

    Parameters
    ----------
    matrices
        By method: images by true class (rows) and decided class, float (K, K).
    """
    shares = {method: _shares(matrix) for method, matrix in matrices.items()}
    columns = min(columns_for(len(shares)), 4)
    rows = -(-len(shares) // columns)
    side = WIDTH / columns
    colours = LinearSegmentedColormap.from_list("share", ["white", BLUE])
    names = [it if len(it) <= LONGEST else f"{it[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}" for it in classes]
    with drawing(f"{title}: confusion of classes", WIDTH, 0.5 + rows * (side + 0.25)) as drawn:
        table = arranged(drawn, len(shares), columns)
        for axes, (method, matrix) in zip(table.flat, shares.items(), strict=False):
            axes.imshow(matrix, cmap=colours, vmin=0, vmax=1, aspect="equal")
            titled(axes, shown(method))
            axes.set_title(f"{np.nanmean(np.diag(matrix)):.3f}", loc="right", fontsize=7.5, color=QUIET)
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6.5)
            axes.set_yticks(range(len(names)), names, fontsize=6.5)
            for (i, j), share in np.ndenumerate(matrix) if len(classes) <= FEW else ():
                if share >= 0.005:
                    colour = "white" if share > 0.6 else INK
                    axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=6.5, color=colour)
        table[0, 0].set_ylabel("true class")
        return Picture(name, chart(drawn), _alt(title, classes, shares), CAPTION)


def _shares(matrix: np.ndarray) -> np.ndarray:
    images = matrix.sum(axis=1, keepdims=True)
    shares: np.ndarray = np.divide(matrix, images, out=np.full(matrix.shape, np.nan), where=images > 0)
    return shares


def _alt(title: str, classes: Sequence[str], shares: Mapping[str, np.ndarray]) -> str:
    worst = []
    for method, matrix in shares.items():
        apart = np.where(np.eye(len(matrix), dtype=bool), -1.0, np.nan_to_num(matrix))
        i, j = np.unravel_index(apart.argmax(), apart.shape)
        worst.append(f"{shown(method)} {classes[int(i)]} for {classes[int(j)]} {apart[i, j]:.2f}")
    return f"Confusion matrices, one a method. {title}. What is mistaken most often: {'; '.join(worst)}."
