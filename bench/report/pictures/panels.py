"""Small multiples: one panel a method, with all other methods in grey behind it, so that many stay legible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bench.analysis.layout import method_label
from bench.report.pictures.band import Band
from bench.report.pictures.style import BLUE, CONTEXT, DASHED, INK, QUIET, rules

REFERENCE = "Vanilla"
MOST_COLUMNS = 5


def shown(method: str) -> str:
    """Return a method's name as pictures print it, such as `CBL (β=0.9)`."""
    return method_label(method, across=False).text


def columns_for(count: int) -> int:
    """Return how many panels stand in a row: as few empty places as can be."""
    if count <= MOST_COLUMNS:
        return max(count, 1)
    return min((5, 4), key=lambda columns: (-count % columns, -columns))


def height(count: int, row: float = 1.5) -> float:
    """Return the height in inches of a figure of so many panels, with its title and legend."""
    return 0.8 + row * -(-count // columns_for(count))


def grid(figure: Figure, count: int, label: str) -> list[Axes]:
    """Return `count` axes in rows, with common limits; only the outer ones have tick labels.

    `label` is written once, below the first panel of the last row.
    """
    columns = columns_for(count)
    rows = -(-count // columns)
    table = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for spare in table.flat[count:]:
        spare.set_axis_off()
    for above in table[-2, columns - (rows * columns - count) :] if rows > 1 else ():
        above.tick_params(labelbottom=True)  # nothing stands below it
    table[-1, 0].set_xlabel(label, loc="left")
    return list(table.flat[:count])


def bands(panels: Sequence[Axes], lines: Mapping[str, Band]) -> None:
    """Draw each method's line and band in its own panel, before Vanilla and all the others."""
    traces = [np.column_stack([band.x, band.mean]) for band in lines.values()]
    for axes, (method, band) in zip(panels, lines.items(), strict=True):
        rules(axes)
        others = LineCollection(traces, colors=CONTEXT, linewidths=0.7, zorder=1)
        axes.add_collection(others, autolim=False)  # each is in its own panel, whose limits all share
        if REFERENCE in lines and method != REFERENCE:
            vanilla = lines[REFERENCE]
            axes.plot(vanilla.x, vanilla.mean, color=INK, linewidth=1.1, linestyle=DASHED, zorder=2)
        axes.fill_between(band.x, band.low, band.high, color=BLUE, alpha=0.22, linewidth=0, zorder=3)
        axes.plot(band.x, band.mean, color=BLUE, zorder=4)
        if band.empty:
            axes.text(0.5, 0.5, "no result", transform=axes.transAxes, ha="center", color=QUIET, backgroundcolor="w")
        axes.set_title(shown(method), fontweight="bold")


def legend(figure: Figure, band: str, methods: Mapping[str, object], *more: Line2D) -> None:
    """Explain below the panels what is drawn in them; `band` says what the band is, `more` what else there is."""
    handles: list[Line2D | Patch] = [Line2D([], [], color=BLUE, label="this method"), *more]
    handles.append(Patch(color=BLUE, alpha=0.22, linewidth=0, label=band))
    if REFERENCE in methods:
        handles.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=DASHED, label=REFERENCE))
    handles.append(Line2D([], [], color=CONTEXT, linewidth=1.2, label="the other methods"))
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles))
