"""Thresholds: what each method gains over the baseline as it decides, and once all thresholds are tuned alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.report.pictures.panels import shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, CONTEXT, INK, QUIET, RULE, WIDTH, drawing, rules

ROW = 0.2  # inches a method
BAND = 0.42  # inches a setting in the overview
APART = 0.17  # of the two rows of dots of a setting, as a share of the band, from its middle
MOST = 3  # panels in a row
TITLE = "How much of a gain is a moved threshold?"
CAPTION = (
    "What each method gains over {base} in balanced accuracy (ACSA). Hollow: with the threshold that it comes with. "
    "Blue: when the threshold of every fit, that of {base} too, is chosen on the validation images, which needs no "
    "training; the bar holds this with probability 0.9. What lies between the two is a moved threshold."
)
GLANCE = (
    "All methods at a glance, at the smallest count. Above: with the threshold that each comes with. Below, in blue: "
    "when the threshold of every fit, that of {base} too, is chosen on the validation images; bars hold each with "
    "probability 0.9. What lies between the two is a moved threshold."
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
    """Return one panel a dataset and protocol, each row of panels with the methods that are in it, in one order."""
    columns = min(len(panels), MOST)
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    order = list(dict.fromkeys(gain.method for panel in panels for gain in panel.gains))
    each = [[it for it in order if any(it == gain.method for panel in row for gain in panel.gains)] for row in rows]
    with drawing(TITLE, WIDTH, 1.1 + sum(0.4 + ROW * len(methods) for methods in each)) as drawn:
        table = drawn.subplots(
            len(rows), columns, sharex=True, sharey="row", squeeze=False, height_ratios=[2 + len(it) for it in each]
        )
        for line, row, methods in zip(table, rows, each, strict=True):
            for axes, panel in zip(line, row, strict=False):
                _panel(axes, panel, methods)
            for spare in line[len(row) :]:
                spare.set_axis_off()
            line[0].set_yticks(range(len(methods)), [shown(method) for method in methods])
            line[0].set(ylim=(len(methods) - 0.4, -0.6))
        for axes in table.flat:
            axes.tick_params(labelbottom=True)
        table[-1, 0].set_xlabel(f"gain over {base}, ACSA", loc="left")
        drawn.legend(handles=_legend(True), loc="outside lower left", ncols=2)
        return Picture(name, chart(drawn), _alt(panels, base), CAPTION.format(base=base))


def overview(panels: Sequence[Panel], base: str, name: str) -> Picture:
    """Return all datasets and protocols in one panel: two rows of dots each, a dot a method."""
    with drawing(TITLE, WIDTH, 1.1 + BAND * len(panels)) as drawn:
        axes = drawn.subplots()
        rules(axes, "x")
        axes.axvline(0, color=QUIET, linewidth=0.8)
        for row, panel in enumerate(panels):
            if row:
                axes.axhline(row - 0.5, color=RULE, linewidth=0.6)
            for gain in panel.gains:
                for ends, at, color, most in ((gain.own, row - APART, INK, 0.4), (gain.tuned, row + APART, BLUE, 1.0)):
                    alpha = min(0.12, most / len(panel.gains))
                    axes.plot(ends[1:], [at] * 2, color=color, alpha=alpha, linewidth=4, solid_capstyle="butt")
                axes.plot(gain.own[0], row - APART, "o", color="white", markeredgecolor=INK, markersize=4.5)
                axes.plot(gain.tuned[0], row + APART, "o", color=BLUE, alpha=0.7, markersize=4.5)
            highest = max(panel.gains, key=lambda gain: gain.own[0])
            axes.annotate(
                shown(highest.method),
                (max(gain.own[2] for gain in panel.gains), row - APART),
                (6, 0),
                textcoords="offset points",
                va="center",
                color=QUIET,
            )
        axes.set_yticks(range(len(panels)), [panel.title for panel in panels])
        axes.set(ylim=(len(panels) - 0.5, -0.5))
        axes.margins(x=0.08)
        axes.set_xlabel(f"gain over {base}, ACSA: a dot is a method, the name that of the highest", loc="left")
        drawn.legend(handles=_legend(False), loc="outside lower left", ncols=2)
        return Picture(name, chart(drawn), _alt(panels, base), GLANCE.format(base=base))


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


def _legend(bars: bool) -> list[Line2D]:
    own = Line2D([], [], marker="o", linestyle="", color="white", markeredgecolor=INK, markersize=4.5)
    tuned = Line2D([], [], marker="o", linestyle="-" if bars else "", color=BLUE, markersize=4.5, linewidth=2.2)
    own.set_label("as the method decides")
    tuned.set_label("all thresholds chosen on validation images")
    return [own, tuned]


def _alt(panels: Sequence[Panel], base: str) -> str:
    each = []
    for panel in panels:
        own, tuned = (
            [ends[0] for ends in many] for many in zip(*((it.own, it.tuned) for it in panel.gains), strict=True)
        )
        each.append(f"{panel.title}: {min(own):+.3f} to {max(own):+.3f}, tuned {min(tuned):+.3f} to {max(tuned):+.3f}")
    return (
        f"Dot chart. {TITLE} Gain over {base} in ACSA, lowest to highest method, as it decides and with all thresholds "
        f"tuned. {'; '.join(each)}."
    )
