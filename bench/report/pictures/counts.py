"""Quality against the minority count: how much each method buys, and where."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from bench.analysis.layout import METRICS
from bench.report.pictures.band import Band
from bench.report.pictures.panels import bands, grid, height, legend, shown
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, WIDTH, drawing

NUMBER_WIDTH = 0.18  # of a tick's number, as a share of the axis
CAPTION = (
    "Each panel shows one method: the mean over seeds with its 95 % interval (Student's t), before Vanilla (dashed) "
    "and all other methods (grey). The horizontal axis is logarithmic. The intervals are each method's own; all "
    "methods are judged on the same images, so two bands may overlap and the methods differ all the same."
)


def figure(frame: pd.DataFrame, task: str, metric: str = "f1_minority", name: str = "") -> Picture:
    """Return one panel a method, with the mean over seeds and its 95 % interval at every minority count.

    Parameters
    ----------
    frame
        Columns task, minority_count, method, seed, status, minority and `metric`, as `bench.analysis.frame` makes it.
        Rows that are neither done nor stale count as lacking.
    task
        The rows to draw.
    metric
        One of `bench.report.layout.METRICS`.
    name
        What the task is called in print; default: `task`.
    """
    mine = frame[frame["task"] == task]
    lines = {str(method): _band(cells, metric) for method, cells in mine.groupby("method", sort=False)}
    title = f"{name or task}: {METRICS[metric]}"
    label = f"training images of {mine['minority'].iloc[0]}"
    with drawing(title, WIDTH, height(len(lines))) as drawn:
        panels = grid(drawn, len(lines), label)
        bands(panels, lines)
        for axes, band in zip(panels, lines.values(), strict=True):
            axes.plot(band.x, band.mean, "o", markersize=3, color=BLUE, zorder=5)
        _scaled(panels[0], lines)
        legend(drawn, "its 95 % interval over seeds", lines)
        return Picture(f"{task}_{metric}_by_count", chart(drawn), _alt(f"{title} against {label}", lines), CAPTION)


def _band(cells: pd.DataFrame, metric: str) -> Band:
    there = cells.assign(figure=cells[metric].where(cells["status"].isin(["done", "stale"])))
    by_seed = there.pivot(index="seed", columns="minority_count", values="figure").sort_index(axis=1)
    return Band.interval(by_seed.columns.to_numpy(), by_seed.to_numpy(float))


def _scaled(axes: Axes, lines: Mapping[str, Band]) -> None:
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


def _alt(title: str, lines: Mapping[str, Band]) -> str:
    ends = [
        f"{shown(method)} {band.mean[0]:.3f} at {band.x[0]:g} and {band.mean[-1]:.3f} at {band.x[-1]:g}"
        for method, band in lines.items()
        if np.isfinite(band.mean[[0, -1]]).all()
    ]
    return f"Line charts, one a method. {title}. Mean over seeds: {'; '.join(ends)}."
