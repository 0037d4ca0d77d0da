"""Effects: what a method gains over another, by images of the rarest class; one panel a dataset and protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from bench.report.pictures.panels import shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import QUIET, WIDTH, drawing, look, rules

MOST = 3  # panels in a row
HEIGHT = 1.9  # inches a row of panels
APART = 0.07  # of a panel's width: from a method's dots to the next one's, where there is room
MARGIN = 1.3  # by which the axis goes on beyond the outermost dots
CAPTION = (
    "What methods with a generator gain over {over}, by training images of the rarest class (logarithmic). Bars hold "
    "the true difference with probability 0.9; above the line it helps."
)


@dataclass(frozen=True)
class Dot:
    """A gain at so many images, with the ends of its interval."""

    count: int
    mean: float
    low: float
    high: float


def figure(lines: Mapping[tuple[str, str], Sequence[Dot]], name: str, over: str, unit: str) -> Picture:
    """Return the chart of gains by (panel, method); `unit` is what is gained."""
    panels = list(dict.fromkeys(panel for panel, _ in lines))
    methods = list(dict.fromkeys(method for _, method in lines))
    columns = min(len(panels), MOST)
    rows = -(-len(panels) // columns)
    title = f"Does generation help? Gain in {unit}, over {over}"
    with drawing(title, WIDTH, 1.0 + rows * HEIGHT) as drawn:
        table = drawn.subplots(rows, columns, sharey=True, squeeze=False)
        for spare in table.flat[len(panels) :]:
            spare.set_axis_off()
        for axes, panel in zip(table.flat, panels, strict=False):
            _panel(axes, panel, {method: lines.get((panel, method), ()) for method in methods})
        table[-1, 0].set_xlabel("training images of the rarest class", loc="left")
        handles, labels = table[0, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside lower left", ncols=min(len(labels), 6))
        return Picture(name, chart(drawn), _alt(title, lines), CAPTION.format(over=over))


def _panel(axes: Axes, title: str, lines: Mapping[str, Sequence[Dot]]) -> None:
    rules(axes)
    axes.axhline(0, color=QUIET, linewidth=0.8)
    counts = sorted({dot.count for dots in lines.values() for dot in dots})
    there = [method for method, dots in lines.items() if dots]
    step = _step(counts, len(there))
    for k, (method, dots) in enumerate(lines.items()):
        beside = step * (there.index(method) - (len(there) - 1) / 2) if dots else 0.0
        x = [dot.count * math.exp(beside) for dot in dots]
        color, marker = look(k)
        axes.vlines(x, [dot.low for dot in dots], [dot.high for dot in dots], color=color, linewidth=1.6, alpha=0.5)
        axes.plot(x, [dot.mean for dot in dots], marker, color=color, markersize=4.5, label=shown(method))
    axes.set_xscale("log")
    beyond = MARGIN * math.exp(step * (len(there) - 1) / 2)
    axes.set_xlim(counts[0] / beyond, counts[-1] * beyond)
    axes.xaxis.set_major_locator(FixedLocator(counts))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_title(title, fontweight="bold")


def _step(counts: Sequence[int], methods: int) -> float:
    """Return the way from a method's dots to the next one's, in natural logarithms of a count."""
    at = np.log(counts)
    room = np.diff(at).min(initial=np.inf) / (methods + 1)  # groups of two counts stay apart
    return float(min(APART * (at[-1] - at[0] + 2 * math.log(MARGIN)), room))


def _alt(title: str, lines: Mapping[tuple[str, str], Sequence[Dot]]) -> str:
    each = []
    for (panel, method), dots in lines.items():
        told = ", ".join(f"{dot.mean:+.3f} ({dot.low:+.3f} to {dot.high:+.3f}) at {dot.count}" for dot in dots)
        each.append(f"{panel}, {shown(method)}: {told}")
    return f"Dot charts. {title}. {'; '.join(each)}."
