"""Quality against compute: what each method costs beside what it gives, and which are worth their cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from bench.report.pictures.labels import apart, neighbours
from bench.report.pictures.panels import shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, CONTEXT, QUIET, SKY, WIDTH, drawing, rules

HEIGHT = 4.2
LINE = 0.045  # of a label, as a share of the axes' height
REACH = 0.12  # as a share of the axes' width: points nearer than this are labelled in one column
LEADER = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.5, "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 3}
CAPTION = (
    "Mean over seeds against the cost of one trained classifier, shared stages included; the horizontal axis is "
    "logarithmic. The line joins the methods that no other beats in both cost and mean quality: they are filled and "
    "have their 95 % intervals. A step smaller than the intervals may be chance."
)


@dataclass(frozen=True)
class Dot:
    """A method's cost, above 0 in any unit, and its quality with the interval's ends; NaN ends draw no interval."""

    method: str
    cost: float
    quality: float
    low: float = float("nan")
    high: float = float("nan")


def front(points: Sequence[Dot]) -> list[Dot]:
    """Return the points that none beats: by cost, each of higher quality than all that cost less or the same."""
    best: list[Dot] = []
    for point in sorted(points, key=lambda point: (point.cost, -point.quality)):
        if not best or point.quality > best[-1].quality:
            best.append(point)
    return best


def figure(points: Sequence[Dot], cost: str, quality: str, name: str, title: str) -> Picture:
    """Return a scatter of methods, each labelled, with the Pareto front; `cost` and `quality` name the axes."""
    best = front(points)
    with drawing(title, WIDTH, HEIGHT) as drawn:
        axes = drawn.subplots()
        rules(axes)
        axes.set(xscale="log", xlabel=cost, ylabel=quality)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        _limits(axes, points, best)
        right = axes.get_xlim()[1]
        axes.step([p.cost for p in best] + [right], [p.quality for p in [*best, best[-1]]], where="post", color=SKY)
        for point in points:
            if point in best:  # of many at one cost, the intervals would hide each other
                axes.vlines(point.cost, point.low, point.high, color=CONTEXT, linewidth=1.5, zorder=1)
            face = BLUE if point in best else "white"
            axes.plot(point.cost, point.quality, "o", color=face, markeredgecolor=BLUE, markersize=5, zorder=3)
        _label(axes, points, best)
        return Picture(name, chart(drawn), _alt(title, cost, quality, points, best), CAPTION)


def _limits(axes: Axes, points: Sequence[Dot], best: Sequence[Dot]) -> None:
    """Leave room on the right for the labels of the last column."""
    costs = np.log10([point.cost for point in points])
    span = max(np.ptp(costs), 0.5)
    axes.set_xlim(10 ** (costs.min() - 0.06 * span), 10 ** (costs.max() + 0.22 * span))
    drawn = [point.quality for point in points] + [end for point in best for end in (point.low, point.high)]
    low, high = np.nanmin(drawn), np.nanmax(drawn)
    pad = 0.06 * max(high - low, 0.01)
    axes.set_ylim(low - pad, high + pad)


def _label(axes: Axes, points: Sequence[Dot], best: Sequence[Dot]) -> None:
    to_axes = axes.transScale + axes.transLimits
    spots = to_axes.transform([(point.cost, point.quality) for point in points])
    for group in neighbours(spots[:, 0], REACH):
        column = spots[group, 0].max() + 0.05
        heights = apart(spots[group, 1], LINE)
        heights += np.clip(0.01 - heights.min(), 0, None) - np.clip(heights.max() - 0.99, 0, None)
        for k, place in zip(group, heights, strict=True):
            axes.annotate(
                shown(points[k].method),
                xy=(points[k].cost, points[k].quality),
                xytext=(column, place),
                textcoords="axes fraction",
                va="center",
                fontsize=8,
                fontweight="bold" if points[k] in best else "normal",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                arrowprops=LEADER,
            )


def _alt(title: str, cost: str, quality: str, points: Sequence[Dot], best: Sequence[Dot]) -> str:
    each = "; ".join(f"{shown(point.method)} {point.quality:.3f} at {point.cost:.3g}" for point in points)
    winners = ", ".join(shown(point.method) for point in best)
    return f"Scatter plot. {title}. {quality} against {cost}: {each}. On the Pareto front: {winners}."
