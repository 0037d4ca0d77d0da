"""t-SNE panels: how the classifiers of several methods arrange the same test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import QUIET, RULE, drawing, look

SIDE = 3.2  # inches of a panel
CAPTION = (
    "Maps by t-SNE of the 256 features before the decision, of the same test images in each panel; each feature is "
    "standardised, the start is the two principal components. Only neighbourhoods mean something: distances between "
    "groups, their sizes and the axes do not. Above each panel: the share of images whose nearest other image there is "
    "of their own class."
)


@dataclass(frozen=True, eq=False)
class Panel:
    """A map of images: its title, the points (N, 2) and the class of each, int (N,)."""

    title: str
    points: np.ndarray
    labels: np.ndarray


def figure(rows: Sequence[Sequence[Panel]], classes: Sequence[str], name: str, title: str) -> Picture:
    """Return panels in rows, such as one row a minority count and one column a method; each row equally long."""
    height, width = len(rows), len(rows[0])
    with drawing(title, SIDE * width, SIDE * height + 0.6) as drawn:
        table = drawn.subplots(height, width, squeeze=False)
        for axes, panel in zip(table.flat, [panel for row in rows for panel in row], strict=True):
            _scatter(axes, panel, len(classes))
        handles = [
            Line2D([], [], linestyle="", marker=look(k)[1], color=look(k)[0], markersize=5, label=label)
            for k, label in enumerate(classes)
        ]
        drawn.legend(handles=handles, loc="outside lower left", ncols=min(len(classes), 5), columnspacing=1.2)
        return Picture(name, chart(drawn), _alt(rows, classes, title), CAPTION)


def agreement(panel: Panel) -> float:
    """Return the share of points whose nearest other point is of their own class."""
    squared = ((panel.points[:, None] - panel.points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    return float((panel.labels[squared.argmin(axis=1)] == panel.labels).mean())


def _scatter(axes: Axes, panel: Panel, n_classes: int) -> None:
    for k in range(n_classes):
        color, marker = look(k)
        x, y = panel.points[panel.labels == k].T
        axes.scatter(x, y, s=17, color=color, marker=marker, alpha=0.75, edgecolor="white", linewidth=0.4)
    axes.set(xticks=(), yticks=())
    axes.set_box_aspect(1)
    axes.spines[:].set(visible=True, color=RULE)
    axes.set_title(panel.title, fontweight="bold")
    axes.set_title(f"{100 * agreement(panel):.0f} % beside their own class", loc="right", fontsize=7.5, color=QUIET)


def _alt(rows: Sequence[Sequence[Panel]], classes: Sequence[str], title: str) -> str:
    each = "; ".join(f"{panel.title} {agreement(panel):.2f}" for row in rows for panel in row)
    named = ", ".join(classes)
    return (
        f"Scatter plots. {title}. Classes: {named}. Share of points whose nearest neighbour is of their class: {each}."
    )
