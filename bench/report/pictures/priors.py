"""Other priors: what each method would score if the minority were rarer, or commoner, in use than in the test set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from bench.report.pictures.band import Band
from bench.report.pictures.panels import before, line_panels, shown
from bench.report.pictures.picture import Picture
from bench.report.pictures.style import QUIET

TICKS = (0.01, 0.1, 0.5, 0.9, 0.99)
MANY = (
    "What each method would score if the classes came in other shares: from those of training over equal ones to those "
    "turned round, all together, by reweighting the test images; across stands the share of {minority}. The decisions "
    "stay as they are. Mean over seeds with its 95 % interval, {before}. The horizontal axis is in log-odds. Dotted "
    "lines: {marks}."
)
CAPTION = (
    "What each method would score if images of {minority} had another share among those it meets, by reweighting the "
    "test images; the decisions stay as they are. Mean over seeds with its 95 % interval, {before}. The "
    "horizontal axis is in log-odds. Dotted lines: {marks}."
)


def figure(
    priors: np.ndarray,
    curves: Mapping[str, np.ndarray],
    marks: Mapping[str, float],
    minority: str,
    name: str,
    title: str,
    reference: str = "",
    of_two: bool = True,
) -> Picture:
    """Return one panel a method with a figure of merit over the prior of the minority class.

    Parameters
    ----------
    priors : float (P,)
        Ascending, above 0 and below 1.
    curves
        By method: the figure in 0..1 for each seed at each prior, float (seeds, P).
    marks
        Priors to point out, by name, such as the training set's.
    title
        Names the task and the figure.
    of_two
        Whether there are two classes: of more, all shares move together.
    """
    lines = {method: Band.interval(priors, values) for method, values in curves.items()}

    def dotted(axes: Axes, method: str) -> None:
        for prior in marks.values():
            axes.axvline(prior, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)

    def scaled(axes: Axes) -> None:
        _scaled(axes, priors)

    label, band = f"share of {minority} (%)", "its 95 % interval over seeds"
    png = line_panels(title, lines, label, band, reference=reference, each=dotted, scaled=scaled)
    named = ", ".join(f"{what} ({prior:.3g})" for what, prior in marks.items())
    caption = (CAPTION if of_two else MANY).format(minority=minority, marks=named or "none", before=before(reference))
    return Picture(name, png, _alt(title, minority, priors, lines), caption)


def _scaled(axes: Axes, priors: np.ndarray) -> None:
    axes.set_xscale("logit")
    inside = [tick for tick in TICKS if priors[0] <= tick <= priors[-1]]
    ends = [priors[0], priors[len(priors) // 2], priors[-1]]
    axes.xaxis.set_major_locator(FixedLocator(inside if len(inside) > 1 else ends))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}")
    odds = np.log(priors[[0, -1]] / (1 - priors[[0, -1]]))
    low, high = odds + np.array([-0.04, 0.04]) * np.ptp(odds)  # room for a line at an end
    axes.set(xlim=(1 / (1 + np.exp(-low)), 1 / (1 + np.exp(-high))), ylim=(0, 1))


def _alt(title: str, minority: str, priors: np.ndarray, lines: Mapping[str, Band]) -> str:
    ends = [
        f"{shown(method)} {band.mean[0]:.3f} to {band.mean[-1]:.3f}, lowest {np.nanmin(band.mean):.3f}"
        for method, band in lines.items()
        if not band.empty
    ]
    span = f"from a share of {minority} of {priors[0]:.3g} to {priors[-1]:.3g}"
    return f"Line charts, one a method. {title}, {span}. Mean over seeds: {'; '.join(ends)}."
