"""Small multiples: one panel a method, with all other methods in grey behind it, so that many stay legible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bench.analysis.layout import method_label
from bench.report.pictures.band import Band
from bench.report.pictures.picture import chart
from bench.report.pictures.style import BLUE, CONTEXT, DASHED, INK, QUIET, WIDTH, drawing, rules

MOST_COLUMNS = 5


def shown(method: str) -> str:
    """Return a method's name as pictures print it, such as `CBL (β=0.9)`."""
    return method_label(method).text


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
    table = arranged(figure, count, columns_for(count))
    table[-1, 0].set_xlabel(label, loc="left")
    return list(table.flat[:count])


def arranged(figure: Figure, count: int, columns: int) -> np.ndarray:
    """Return axes (rows, columns) with common limits: the first `count` are for panels, the others show nothing.

    Tick labels stand at the left of each row and below the lowest panel of each column.
    """
    rows = -(-count // columns)
    table: np.ndarray = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for spare in table.flat[count:]:
        spare.set_axis_off()
    for above in table[-2, columns - (rows * columns - count) :] if rows > 1 else ():
        above.tick_params(labelbottom=True)  # nothing stands below it
    return table


def line_panels(
    title: str,
    lines: Mapping[str, Band],
    label: str,
    band: str,
    *,
    reference: str = "",
    each: Callable[[Axes, str], None] = lambda axes, method: None,
    whole: Callable[[Axes], None] = lambda axes: None,
    more: Sequence[Line2D] = (),
) -> bytes:
    """Return a chart, as PNG, of each method's line and band in its own panel, before the reference and all the others.

    Parameters
    ----------
    label
        Of the horizontal axis.
    band
        What the band is, for the legend; `more` is what else there is.
    reference
        The method whose line is dashed in every panel.
    each, whole
        What else to draw in a method's panel; what to set of the axes that all share.
    """
    traces = [np.column_stack([it.x, it.mean]) for it in lines.values()]
    with drawing(title, WIDTH, height(len(lines))) as drawn:
        panels = grid(drawn, len(lines), label)
        for axes, (method, mine) in zip(panels, lines.items(), strict=True):
            rules(axes)
            others = LineCollection(traces, colors=CONTEXT, linewidths=0.7, zorder=1)
            axes.add_collection(others, autolim=False)  # each is in its own panel, whose limits all share
            if reference in lines and method != reference:
                it = lines[reference]
                axes.plot(it.x, it.mean, color=INK, linewidth=1.1, linestyle=DASHED, zorder=2)
            axes.fill_between(mine.x, mine.low, mine.high, color=BLUE, alpha=0.22, linewidth=0, zorder=3)
            axes.plot(mine.x, mine.mean, color=BLUE, zorder=4)
            if mine.empty:
                at = axes.transAxes
                axes.text(0.5, 0.5, "no result", transform=at, ha="center", color=QUIET, backgroundcolor="w")
            axes.set_title(shown(method), fontweight="bold")
            each(axes, method)
        whole(panels[0])
        _legend(drawn, band, reference if reference in lines else "", more)
        return chart(drawn)


def before(reference: str) -> str:
    """Return the words of a caption for what stands behind each line."""
    return f"before {reference} (dashed) and all other methods (grey)" if reference else "before all others (grey)"


def _legend(figure: Figure, band: str, reference: str, more: Sequence[Line2D]) -> None:
    handles: list[Line2D | Patch] = [Line2D([], [], color=BLUE, label="this method"), *more]
    handles.append(Patch(color=BLUE, alpha=0.22, linewidth=0, label=band))
    if reference:
        handles.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=DASHED, label=reference))
    handles.append(Line2D([], [], color=CONTEXT, linewidth=1.2, label="the other methods"))
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles))
