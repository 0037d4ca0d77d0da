"""Critical-difference diagram: methods by their mean rank, and which of them the data cannot tell apart."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from bench.report.pictures.panels import shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, INK, QUIET, WIDTH, drawing

LINE = 0.24  # inches between two labels
BAR = 0.13  # inches between two bars
CHARACTERS = 125  # of a line of the footnote
CAPTION = (
    "Mean rank of each method over {blocks}; 1 is best, on the left. Bars join methods whose ranks differ by less than "
    "the data can tell{difference} (after Demšar 2006, JMLR 7)."
)


def figure(
    ranks: Mapping[str, float],
    groups: Sequence[Sequence[str]],
    critical_difference: float | None,
    blocks: str,
    name: str,
    title: str,
    footnote: str = "",
) -> Picture:
    """Return the diagram.

    Parameters
    ----------
    ranks
        Mean rank by method, from 1.
    groups
        Sets of methods that cannot be told apart; those of one method are not drawn.
    critical_difference
        Drawn as a scale above the axis; None where the groups come from a test without one.
    blocks
        What the ranks are means over, such as `3 datasets`.
    footnote
        What a reader must know before believing it; printed below and repeated in the caption.
    """
    order = sorted(ranks, key=lambda method: ranks[method])
    bars = sorted(sorted(ranks[method] for method in group) for group in groups if len(group) > 1)
    rows = -(-len(order) // 2)
    depths = [0.26 + BAR * len(bars) + LINE * min(k, len(order) - 1 - k) for k in range(len(order))]
    note = textwrap.fill(footnote, CHARACTERS)
    with drawing(title, WIDTH, 1.0 + max(depths) + 0.15 * (note.count("\n") + 1)) as drawn:
        axes = drawn.subplots()
        hair = _axis(axes, len(order), max(depths), critical_difference)
        for k, bar in enumerate(bars):
            level = -0.14 - BAR * k
            axes.plot([bar[0] - hair, bar[-1] + hair], [level, level], color=BLUE, linewidth=3.5)
        for k, (method, depth) in enumerate(zip(order, depths, strict=True)):
            _stem(axes, method, ranks[method], depth, 1 - 6 * hair if k < rows else len(order) + 6 * hair, hair)
        drawn.supxlabel(note, x=0.05 / WIDTH, ha="left", fontsize=7.5, color=QUIET)
        caption = _caption(blocks, critical_difference, footnote)
        return Picture(name, chart(drawn), _alt(title, order, ranks, groups, critical_difference, footnote), caption)


def _axis(axes: Axes, last: int, depth: float, critical_difference: float | None) -> float:
    """Draw the scale of ranks at 0, `depth` inches above the lowest label; return a hair's breadth in ranks."""
    span = max(last - 1, critical_difference or 0, 1)  # few blocks make a difference wider than the ranks
    axes.set_axis_off()
    axes.set(xlim=(1 - 0.32 * span, 1 + 1.32 * span), ylim=(-depth - 0.1, 0.3 if critical_difference is None else 0.5))
    axes.plot([1, last], [0, 0], color=INK, linewidth=1)
    for rank in range(1, last + 1):
        axes.plot([rank, rank], [0, 0.06], color=INK, linewidth=0.8)
        axes.text(rank, 0.1, str(rank), ha="center", va="bottom", fontsize=7.5, color=QUIET)
    hair = 0.005 * span
    if critical_difference is not None:
        ends = [1.0, 1 + critical_difference]
        axes.plot(ends, [0.4, 0.4], color=INK, linewidth=1.2, marker="|", markersize=6)
        axes.text(ends[1] + 2 * hair, 0.4, f"CD = {critical_difference:.2f}", va="center", fontsize=8)
    return hair


def _stem(axes: Axes, method: str, rank: float, depth: float, edge: float, hair: float) -> None:
    """Lead from a rank down and out to its label, which stands beyond `edge`."""
    axes.plot([rank, rank, edge], [0, -depth, -depth], color=QUIET, linewidth=0.8, zorder=1)
    axes.plot(rank, 0, "o", color=INK, markersize=3.5)
    if edge < 1:
        axes.text(edge - 2 * hair, -depth, f"{shown(method)}  {rank:.2f}", ha="right", va="center")
    else:
        axes.text(edge + 2 * hair, -depth, f"{rank:.2f}  {shown(method)}", ha="left", va="center")


def _caption(blocks: str, critical_difference: float | None, footnote: str) -> str:
    difference = "" if critical_difference is None else f", a critical difference of {critical_difference:.2f}"
    return f"{CAPTION.format(blocks=blocks, difference=difference)} {footnote}".strip()


def _alt(
    title: str,
    order: Sequence[str],
    ranks: Mapping[str, float],
    groups: Sequence[Sequence[str]],
    critical_difference: float | None,
    footnote: str,
) -> str:
    each = ", ".join(f"{shown(method)} {ranks[method]:.2f}" for method in order)
    sets = [", ".join(shown(method) for method in order if method in group) for group in groups if len(group) > 1]
    apart = f"Not told apart: {'; '.join(sets) or 'none'}."
    difference = "" if critical_difference is None else f" Critical difference {critical_difference:.2f}."
    return f"Critical-difference diagram. {title}. Mean ranks: {each}.{difference} {apart} {footnote}".strip()
