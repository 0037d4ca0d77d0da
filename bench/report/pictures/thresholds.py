"""Thresholds: what each method gains over the baseline as it decides, and once all thresholds are tuned alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.report.pictures.panels import arranged, shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, CONTEXT, INK, QUIET, WIDTH, drawing, rules

ROW = 0.2  # inches a method
MOST = 3  # panels in a row
CAPTION = (
    "What each method gains over {base} in balanced accuracy (ACSA). Hollow: with the threshold that it comes with. "
    "Blue: when the threshold of every fit, that of {base} too, is chosen on the validation images, which needs no "
    "training; the bar holds this with probability 0.9. What lies between the two is a moved threshold."
)
Ends = tuple[float, float, float]  # a mean, and the ends of its interval


@dataclass(frozen=True)
class Gain:
    """A method's gain as it decides, and with all thresholds tuned."""

    method: str
    own: Ends
    tuned: Ends


@dataclass(frozen=True)
class Panel:
    """One dataset under one protocol."""

    title: str
    gains: Sequence[Gain]


def figure(panels: Sequence[Panel], base: str, name: str) -> Picture:
    """Return one panel a dataset and protocol, the methods in one order in all."""
    methods = list(dict.fromkeys(gain.method for panel in panels for gain in panel.gains))
    columns = min(len(panels), MOST)
    rows = -(-len(panels) // columns)
    title = "How much of a gain is a moved threshold?"
    with drawing(title, WIDTH, 1.1 + rows * (0.4 + ROW * len(methods))) as drawn:
        table = arranged(drawn, len(panels), columns)
        for axes, panel in zip(table.flat, panels, strict=False):
            _panel(axes, panel, methods)
        table[0, 0].set_yticks(range(len(methods)), [shown(method) for method in methods])
        table[0, 0].set(ylim=(len(methods) - 0.4, -0.6))
        table[-1, 0].set_xlabel(f"gain over {base}, ACSA", loc="left")
        drawn.legend(handles=_legend(), loc="outside lower left", ncols=2)
        return Picture(name, chart(drawn), _alt(title, panels, base), CAPTION.format(base=base))


def _panel(axes: Axes, panel: Panel, methods: Sequence[str]) -> None:
    rules(axes, "x")
    axes.axvline(0, color=QUIET, linewidth=0.8)
    for gain in panel.gains:
        row = methods.index(gain.method)
        axes.plot([gain.own[0], gain.tuned[0]], [row, row], color=CONTEXT, linewidth=1.2, zorder=1)
        axes.plot(gain.tuned[1:], [row, row], color=BLUE, linewidth=2.2, zorder=2)
        axes.plot(gain.own[0], row, "o", color="white", markeredgecolor=INK, markersize=4.5, zorder=3)
        axes.plot(gain.tuned[0], row, "o", color=BLUE, markersize=4.5, zorder=4)
    axes.set_title(panel.title, fontweight="bold")


def _legend() -> list[Line2D]:
    own = Line2D([], [], marker="o", linestyle="", color="white", markeredgecolor=INK, markersize=4.5)
    tuned = Line2D([], [], marker="o", color=BLUE, markersize=4.5, linewidth=2.2)
    own.set_label("as the method decides")
    tuned.set_label("all thresholds chosen on validation images")
    return [own, tuned]


def _alt(title: str, panels: Sequence[Panel], base: str) -> str:
    each = []
    for panel in panels:
        told = "; ".join(f"{shown(it.method)} {it.own[0]:+.3f}, tuned {it.tuned[0]:+.3f}" for it in panel.gains)
        each.append(f"{panel.title}: {told}")
    return (
        f"Dot charts. {title} Gain over {base} in ACSA, as it decides and with all thresholds tuned. {'. '.join(each)}."
    )
