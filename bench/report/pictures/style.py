"""The look of all pictures: dark on white, few colours, the same for readers who see colours differently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 8.0  # inches
DASHED = (0, (3, 2))

INK = "#1f2328"
QUIET = "#656d76"  # text of second rank; 5:1 on white
RULE = "#d7dbe0"
CONTEXT = "#c9ced4"  # what stands behind, for comparison
# Okabe & Ito's colours: told apart by readers with any common colour blindness, and in grey by their lightness.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7"
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same everywhere
    "font.size": 8.5,
    "text.parse_math": False,  # a class may be called $
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "axes.titlepad": 4,
    "axes.titley": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.05,
    "savefig.facecolor": "white",
}


def look(k: int) -> tuple[str, str]:
    """Return colour and marker of the k-th class or method; both repeat after seven, but not together."""
    return CYCLE[k % len(CYCLE)], MARKERS[(k + k // len(CYCLE)) % len(MARKERS)]


@contextmanager
def drawing(title: str, width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure, sizes in inches; draw and save it inside, where the user's own settings do not reach."""
    with style.context(["default", SETTINGS]):
        figure = Figure(figsize=(width, height), layout="constrained")
        if title:
            figure.suptitle(title, x=0.05 / width, ha="left", fontsize=10, fontweight="bold")
        yield figure


def rules(axes: Axes, axis: Any = "y") -> None:
    """Put light lines behind the data along the axis whose values are read off."""
    axes.grid(axis=axis)
