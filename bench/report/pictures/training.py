"""Training curves: how each method learns, epoch by epoch, and which epochs were tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bench.record import Record
from bench.report.pictures.band import Band
from bench.report.pictures.panels import before, line_panels, shown
from bench.report.pictures.picture import Picture
from bench.report.pictures.style import BLUE

QUANTITIES = {
    "validation_acsa": "validation ACSA",
    "validation_cross_entropy": "validation cross-entropy (nats)",
    "loss": "training loss",
}
CAPTION = (
    "Each panel shows one method: the mean over seeds and the range from the lowest to the highest seed, {before}. "
    "Dots are the epochs that were selected on the validation set and tested, one a seed."
)
DOT: dict[str, Any] = {
    "marker": "o",
    "markersize": 3.5,
    "color": BLUE,
    "markeredgecolor": "white",
    "markeredgewidth": 0.5,
}
WEIGHTED = " A training loss includes the method's own weights, so its height is not comparable between methods."


def figure(
    runs: Mapping[str, Sequence[Record]],
    quantity: str,
    name: str,
    title: str,
    readers: Mapping[str, str] | None = None,
    reference: str = "",
) -> Picture:
    """Return one panel a method with a quantity of its history over epochs.

    Parameters
    ----------
    runs
        The records of each method's seeds at one place of a table; failed ones may have a shorter history or none.
    quantity
        One of `QUANTITIES`.
    readers
        Methods without fits of their own, with the method whose fits they read; the caption names them.
    reference
        The method that stands dashed in all panels.
    """
    values = {method: _values(records, quantity) for method, records in runs.items()}
    lines = {method: Band.extremes(1 + np.arange(table.shape[1]), table) for method, table in values.items()}
    whole = f"{title}: {QUANTITIES[quantity]}"

    def dots(axes: Axes, method: str) -> None:
        tested = [(row, it.selected_epoch) for row, it in zip(values[method], runs[method], strict=True)]
        at = np.reshape([(epoch, row[epoch - 1]) for row, epoch in tested if epoch], (-1, 2))
        axes.plot(*at.T, linestyle="", zorder=5, **DOT)

    def whole_epochs(axes: Axes) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))

    dot = Line2D([], [], linestyle="", label="tested epochs", **DOT)
    drawn = {"reference": reference, "each": dots, "scaled": whole_epochs, "more": (dot,)}
    png = line_panels(whole, lines, "epoch", "range over seeds", **drawn)  # type: ignore[arg-type]
    caption = CAPTION.format(before=before(reference)) + (WEIGHTED if quantity == "loss" else "")
    caption += "".join(f" {shown(it)} reads {shown(owner)}'s fits." for it, owner in (readers or {}).items())
    return Picture(name, png, _alt(whole, lines), caption)


def _values(records: Sequence[Record], quantity: str) -> np.ndarray:
    """Return the quantity (seeds, epochs), NaN after a history's end."""
    longest = max((len(record.history) for record in records), default=0)
    table = np.full((len(records), longest), np.nan)
    for row, record in zip(table, records, strict=True):
        row[: len(record.history)] = [epoch.get(quantity, np.nan) for epoch in record.history]
    return table


def _alt(title: str, lines: Mapping[str, Band]) -> str:
    ends = [f"{shown(method)} {band.mean[-1]:.3f}" for method, band in lines.items() if not band.empty]
    return f"Line charts over epochs, one a method. {title}. Mean over seeds in the last epoch: {'; '.join(ends)}."
