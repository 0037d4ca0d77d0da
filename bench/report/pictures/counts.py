"""Quality against the place: how much each method buys, and where."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from bench.analysis.layout import Part, columns_of
from bench.analysis.metrics import METRICS
from bench.analysis.states import COUNTED
from bench.report.pictures.band import Band
from bench.report.pictures.panels import before, line_panels, shown
from bench.report.pictures.picture import Picture
from bench.report.pictures.style import BLUE

NUMBER_WIDTH = 0.18  # of a tick's number, as a share of the axis
CAPTION = (
    "Each panel shows one method: the mean over seeds with its 95 % interval (Student's t), {before}.{axis} The "
    "intervals are each method's own; all methods are judged on the same images, so two bands may overlap and the "
    "methods differ all the same."
)


def figure(frame: pd.DataFrame, task: str, metric: str = "f1_minority", name: str = "", reference: str = "") -> Picture:
    """Return one panel a method, with the mean over seeds and its 95 % interval at every place.

    Parameters
    ----------
    frame
        Columns task, place, counts, method, seed, status, minority and `metric`, as `bench.analysis.frame` makes it.
        Rows that are neither done nor stale count as lacking.
    task
        The rows to draw.
    metric
        One of the registry's.
    name
        What the task is called in print; default: `task`.
    reference
        The method that stands dashed in all panels.
    """
    mine = frame[frame["task"] == task]
    places, rare = columns_of(mine), str(mine["minority"].iloc[0])
    by_count = Part(task, task, rare, "", places).by_count and len({min(it.counts) for it in places}) == len(places)
    order = [it.place for it in places]
    x = np.array([min(it.counts) for it in places] if by_count else range(len(places)), float)
    lines = {str(method): _band(cells, metric, order, x) for method, cells in mine.groupby("method", sort=False)}
    title = f"{name or task}: {METRICS[metric].title}"
    label = f"training images of {rare}" if by_count else "training images"

    def dots(axes: Axes, method: str) -> None:
        axes.plot(lines[method].x, lines[method].mean, "o", markersize=3, color=BLUE, zorder=5)

    def scaled(axes: Axes) -> None:
        if by_count:
            _logarithmic(axes, lines)
        else:
            axes.set_xticks(x, order, rotation=30, ha="right")
            axes.margins(x=0.15)

    band = "its 95 % interval over seeds"
    png = line_panels(title, lines, label, band, reference=reference, each=dots, scaled=scaled)
    caption = CAPTION.format(before=before(reference), axis=" The horizontal axis is logarithmic." if by_count else "")
    alt = _alt(f"{title} against {label}", lines, [f"{count:g}" for count in x] if by_count else order)
    return Picture(f"{task}_{metric}_by_count", png, alt, caption)


def _band(cells: pd.DataFrame, metric: str, order: list[str], x: np.ndarray) -> Band:
    there = cells.assign(figure=cells[metric].where(cells["status"].isin(COUNTED)))
    by_seed = there.pivot(index="seed", columns="place", values="figure").reindex(columns=order)
    return Band.interval(x, by_seed.to_numpy(float))


def _logarithmic(axes: Axes, lines: Mapping[str, Band]) -> None:
    counts = np.unique(np.concatenate([band.x for band in lines.values()]))
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(counts.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    named = _apart(counts)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}" if value in named else "")


def _apart(counts: np.ndarray) -> list[float]:
    """Return the counts whose numbers fit side by side below a logarithmic axis, the first and last among them."""
    places = np.log(counts / counts[0])
    room = NUMBER_WIDTH * places[-1]
    kept = [len(counts) - 1]
    for k in range(len(counts) - 2, 0, -1):
        if places[kept[-1]] - places[k] >= room and places[k] >= room:
            kept.append(k)
    return [float(counts[k]) for k in (0, *kept)]


def _alt(title: str, lines: Mapping[str, Band], places: list[str]) -> str:
    ends = [
        f"{shown(method)} {band.mean[0]:.3f} at {places[0]} and {band.mean[-1]:.3f} at {places[-1]}"
        for method, band in lines.items()
        if np.isfinite(band.mean[[0, -1]]).all()
    ]
    return f"Line charts, one a method. {title}. Mean over seeds: {'; '.join(ends)}."
