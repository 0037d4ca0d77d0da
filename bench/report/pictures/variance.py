"""Variance by source: how much of the spread each random stream causes when it alone varies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bench.report.pictures.panels import shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, CONTEXT, INK, QUIET, WIDTH, drawing, rules

if TYPE_CHECKING:
    from bench.analysis.experiments import Chance

ROW = 0.3
CAPTION = (
    "Standard deviation of {quantity} when one source of chance varies and all others are held, with its 95 % interval "
    "where one was computed. The value stands beside each name. Bars of different methods cannot be compared."
)


def figure(sources: Sequence[Chance], quantity: str, name: str, title: str) -> Picture:
    """Return one bar a source, the largest first, those that stand for all sources last."""
    order = sorted(sources, key=lambda source: (source.whole, -source.sd))
    with drawing(title, WIDTH, 0.85 + ROW * len(order)) as drawn:
        axes = drawn.subplots()
        rules(axes, "x")
        for row, source in enumerate(order):
            axes.barh(row, source.sd, height=0.62, color=INK if source.whole else BLUE)
            if np.isfinite(source.low):
                axes.plot([source.low, source.high], [row, row], color=CONTEXT, linewidth=3, solid_capstyle="butt")
                axes.plot([source.low, source.high], [row, row], color=INK, linewidth=0.9)
            end = np.nanmax([source.sd, source.high])
            axes.annotate(
                f"{source.runs} runs{_of(source)}",
                (end, row),
                (5, 0),
                textcoords="offset points",
                va="center",
                color=QUIET,
                fontsize=7.5,
            )
        axes.set_yticks(range(len(order)), [f"{source.name}  {source.sd:.4f}" for source in order], color=INK)
        axes.set(ylim=(len(order) - 0.5, -0.5), xlabel=f"standard deviation of {quantity}")
        axes.margins(x=0.1)
        axes.set_xlim(left=0)
        return Picture(name, chart(drawn), _alt(title, quantity, order), CAPTION.format(quantity=quantity))


def _of(source: Chance) -> str:
    names = " and ".join(map(shown, source.methods)) if len(source.methods) < 3 else f"{len(source.methods)} methods"
    return f" of {names}" if names else ""


def _alt(title: str, quantity: str, order: Sequence[Chance]) -> str:
    each = "; ".join(f"{source.name} {source.sd:.4f} ({source.runs} runs{_of(source)})" for source in order)
    return f"Bar chart. {title}. Standard deviation of {quantity} by source: {each}."
