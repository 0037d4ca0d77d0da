"""Losses: what each choice may lose against the best one, place by place, and which is recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from bench.report.pictures.panels import arranged, level, shown, titled
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, CONTEXT, DASHED, INK, QUIET, WIDTH, drawing, rules

ROW = 0.2  # inches a method
MOST = 4  # panels in a row
CAPTION = (
    "What taking a method is expected to lose against the best of all, in {unit}: the dot, with the range that holds "
    "the loss with probability 0.9. The recommended choice is blue; the dashed line is {delta:g}, the difference that "
    "nobody would care about. A range that begins right of it belongs to a method that surely loses more. The square, "
    "for scale, is a decision that always names the rarest class: left of 0 it is ahead of all methods."
)


@dataclass(frozen=True)
class Loss:
    """What a method is expected to lose against the best, and the ends of what it may; `scale`: it is no method."""

    method: str
    expected: float
    low: float
    high: float
    scale: bool = False


Panel = tuple[str, Sequence[Loss], str]  # a place, its methods with the best first, and the choice


def figure(
    panels: Sequence[Panel], delta: float, unit: str, name: str, title: str, left_out: Sequence[str] = ()
) -> Picture:
    """Return one panel a place; methods stand in one order in all, that of the first.

    `left_out` are places where no method is expected to lose more than delta.
    """
    every = [loss for _, losses, _ in panels for loss in losses]
    names = {loss.method: _label(loss) for loss in sorted(every, key=lambda it: it.scale)}
    methods = list(names)
    columns = min(len(panels), MOST)
    rows = -(-len(panels) // columns)
    with drawing(title, WIDTH, 0.7 + rows * (0.5 + ROW * len(methods))) as drawn:
        table = arranged(drawn, len(panels), columns)
        drawn_in = list(table.flat[: len(panels)])
        for axes, panel in zip(drawn_in, panels, strict=True):
            _panel(axes, panel, methods, delta)
            axes.set_yticks(range(len(methods)), names.values())
        level(drawn_in)
        for axes in drawn_in if min(loss.low for loss in every) >= 0 else ():
            axes.set_xlim(left=0)
        table[-1, 0].set_xlabel(f"loss against the best, {unit}", loc="left")
        alike = f" At {', '.join(left_out)} no method is expected to lose more than that." if left_out else ""
        return Picture(name, chart(drawn), _alt(title, panels), CAPTION.format(unit=unit, delta=delta) + alike)


def _panel(axes: Axes, panel: Panel, methods: Sequence[str], delta: float) -> None:
    place, losses, choice = panel
    rules(axes, "x")
    axes.set_ylim(len(methods) - 0.4, -0.6)
    axes.axvline(delta, color=QUIET, linewidth=0.8, linestyle=DASHED)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    for loss in losses:
        row, mine = methods.index(loss.method), loss.method == choice
        color, dot = BLUE if mine else QUIET if loss.scale else INK, "s" if loss.scale else "o"
        axes.hlines(row, loss.low, loss.high, color=BLUE if mine else CONTEXT, linewidth=2.5)
        axes.plot(loss.expected, row, dot, color=color, markersize=4.5 if mine else 3.5, zorder=3, clip_on=False)
    titled(axes, place)


def _label(loss: Loss) -> str:
    return loss.method if loss.scale else shown(loss.method)


def _alt(title: str, panels: Sequence[Panel]) -> str:
    each = []
    for place, losses, choice in panels:
        told = "; ".join(f"{_label(it)} {it.expected:.3f} ({it.low:.3f} to {it.high:.3f})" for it in losses)
        each.append(f"At {place}, recommended {shown(choice)}: {told}")
    return f"Dot charts, one a place. {title}. Expected loss and range. {'. '.join(each)}."
