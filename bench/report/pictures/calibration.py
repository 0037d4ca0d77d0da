"""Calibration: whether an image called a zebra with probability 0.8 is a zebra eight times in ten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from bench.report.pictures.panels import grid, height, shown, titled
from bench.report.pictures.picture import Picture, chart
from bench.report.pictures.style import BLUE, CONTEXT, QUIET, WIDTH, drawing, rules

BINS = 10
CAPTION = (
    "Reliability diagrams of P({minority}), as each method decides by it, on the test images of all seeds, in ten bins "
    "of equal width; the area of a dot is the share of the images in its bin. Above the diagonal, the classifier finds "
    "{minority} less probable than it is; below, more. ECE is the mean distance from the diagonal, weighted by images; "
    "it is of this probability, that of the tables of the likeliest class. "
    "Where the test set is balanced and the training set is not, a method that learns the training set's prior is "
    "expected above."
)


LIKELIEST = (
    "Reliability diagrams of the likeliest class's probability, as each method decides by it, on the test images of "
    "all seeds, in ten bins of equal width; the area of a dot is the share of the images in its bin. Below the "
    "diagonal, the classifier is surer than it is right; above, less sure. ECE is the mean distance from the diagonal, "
    "weighted by images."
)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins that hold images: how many each, and the mean predicted and the observed share of positives; all (B,)."""

    count: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error of this class: sum_b n_b / N |observed - predicted|; NaN without images."""
        if not self.count.sum():
            return float("nan")
        return float(np.average(np.abs(self.observed - self.predicted), weights=self.count))


def reliability(positive: np.ndarray, probability: np.ndarray, bins: int = BINS) -> Reliability:
    """Sort images into bins of equal width; the class-wise form of Naeini et al. 2015 (doi:10.1609/aaai.v29i1.9602).

    Parameters
    ----------
    positive : bool (N,)
    probability : float (N,)
        Of being positive; 1 falls into the last bin.
    """
    place = np.minimum((np.asarray(probability, float) * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    there = count > 0
    predicted = np.bincount(place, weights=probability, minlength=bins)[there] / count[there]
    observed = np.bincount(place, weights=positive, minlength=bins)[there] / count[there]
    return Reliability(count[there], predicted, observed)


def figure(outcomes: Mapping[str, tuple[np.ndarray, np.ndarray]], name: str, title: str, minority: str = "") -> Picture:
    """Return one reliability diagram a method.

    Parameters
    ----------
    outcomes
        By method: whether each test image is of the minority class, bool (N,), and its probability of being so, float
        (N,); seeds one after the other. Without `minority`: whether it is of the class called the likeliest.
    """
    said = minority or "the class called"
    found = {method: reliability(*outcome) for method, outcome in outcomes.items()}
    with drawing(f"{title}: calibration", WIDTH, height(len(found), 1.65) - 0.25) as drawn:
        panels = grid(drawn, len(found), f"predicted P({said})")
        for axes, (method, mine) in zip(panels, found.items(), strict=True):
            _panel(axes, method, mine)
        panels[0].set_ylabel(f"share that is {said}")
        return Picture(
            name, chart(drawn), _alt(title, said, found), (CAPTION if minority else LIKELIEST).format(minority=minority)
        )


def _panel(axes: Axes, method: str, mine: Reliability) -> None:
    rules(axes, "both")
    axes.set(aspect="equal", xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, zorder=1)
    axes.vlines(mine.predicted, mine.predicted, mine.observed, color=CONTEXT, linewidth=1.2, zorder=2)
    axes.plot(mine.predicted, mine.observed, color=BLUE, linewidth=1, zorder=3)
    axes.scatter(
        mine.predicted, mine.observed, s=6 + 110 * mine.count / mine.count.sum(), color=BLUE, zorder=4, clip_on=False
    )
    titled(axes, shown(method))
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(0.97, 0.1, f"ECE {mine.ece:.3f}", transform=axes.transAxes, ha="right", fontsize=8, bbox=box)


def _alt(title: str, minority: str, found: Mapping[str, Reliability]) -> str:
    errors = "; ".join(f"{shown(method)} {mine.ece:.3f}" for method, mine in found.items())
    return f"Reliability diagrams of P({minority}), one a method. {title}. Expected calibration error: {errors}."
