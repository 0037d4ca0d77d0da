"""Small multiples: one panel a method, with all other methods in grey behind it, so that many stay legible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from bench.analysis.layout import method_label
from bench.report.pictures.band import Band
from bench.report.pictures.picture import chart
from bench.report.pictures.style import BLUE, CONTEXT, DASHED, INK, QUIET, WIDTH, drawing, rules

MOST_COLUMNS = 5
LONE = 6  # points wide: the band of a point that stands alone
LONG = 18  # letters of a name that a panel's width may not hold


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
    """Return `count` axes in rows; only the outer ones have tick labels.

    `label` is written once, below the first panel of the last row.
    """
    table = arranged(figure, count, columns_for(count))
    table[-1, 0].set_xlabel(label, loc="left")
    return list(table.flat[:count])


def arranged(figure: Figure, count: int, columns: int) -> np.ndarray:
    """Return axes (rows, columns): the first `count` are for panels, the others show nothing.

    Tick labels stand at the left of each row and below the lowest panel of each column. Axes that share limits would
    ask each other at every step: `level` makes them alike instead.
    """
    rows = -(-count // columns)
    table: np.ndarray = figure.subplots(rows, columns, squeeze=False)
    for k, axes in enumerate(table.flat):
        if k < count:
            left, lowest = k % columns == 0, k + columns >= count
            axes.tick_params(labelleft=left, labelbottom=lowest)
            axes.set_in_layout(left or lowest)
        else:
            axes.set_axis_off()
    figure.set_layout_engine(_Outer(table))
    return table


class _Outer(ConstrainedLayoutEngine):
    """Asks outer panels, and those with long names, how much room they want; the others stand in line with them."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        self._table = table

    def execute(self, fig: Figure) -> None:
        super().execute(fig)
        for (row, column), axes in np.ndenumerate(self._table):
            if not axes.get_in_layout():
                lowest = next(it for it in self._table[::-1, column] if it.axison)
                across, down = (it.get_position(original=True) for it in (lowest, self._table[row, 0]))
                axes.set_position((across.x0, down.y0, across.width, down.height), which="original")


def titled(axes: Axes, name: str) -> None:
    """Write a name above a panel; a long one is given room."""
    axes.set_title(name, fontweight="bold")
    axes.set_in_layout(axes.get_in_layout() or len(name) > LONG)


def level(panels: Sequence[Axes]) -> None:
    """Give panels the same limits, where none are set: those that the data of all want."""
    filled = [axes.dataLim for axes in panels if np.isfinite(axes.dataLim.extents).all()]
    for axes in panels if filled else ():
        axes.update_datalim(Bbox.union(filled).corners())
        axes.autoscale_view()


def line_panels(
    title: str,
    lines: Mapping[str, Band],
    label: str,
    band: str,
    *,
    reference: str = "",
    each: Callable[[Axes, str], None] = lambda axes, method: None,
    scaled: Callable[[Axes], None] = lambda axes: None,
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
    each, scaled
        What else to draw in a method's panel; what to set of its axes, alike in all.
    """
    traces = [np.column_stack([it.x, it.mean]) for it in lines.values()]
    with drawing(title, WIDTH, height(len(lines))) as drawn:
        panels = grid(drawn, len(lines), label)
        for axes, (method, mine) in zip(panels, lines.items(), strict=True):
            rules(axes)
            others = LineCollection(traces, colors=CONTEXT, linewidths=0.7, zorder=1)
            axes.add_collection(others, autolim=False)  # each is in its own panel, whose data all make room for
            if reference in lines and method != reference:
                it = lines[reference]
                axes.plot(it.x, it.mean, color=INK, linewidth=1.1, linestyle=DASHED, zorder=2)
            axes.fill_between(mine.x, mine.low, mine.high, color=BLUE, alpha=0.22, linewidth=0, zorder=3)
            if (lone := mine.alone).any():
                ends = mine.low[lone], mine.high[lone]
                axes.vlines(mine.x[lone], *ends, color=BLUE, alpha=0.22, linewidth=LONE, zorder=3)
            axes.plot(mine.x, mine.mean, color=BLUE, zorder=4)
            if mine.empty:
                at = axes.transAxes
                axes.text(0.5, 0.5, "no result", transform=at, ha="center", color=QUIET, backgroundcolor="w")
            titled(axes, shown(method))
            each(axes, method)
            scaled(axes)
        level(panels)
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
