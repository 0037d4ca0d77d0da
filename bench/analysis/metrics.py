"""The registry of metrics: what is said of a fit, its direction, for how many classes, and whether it is compared.

A ratio whose denominator is zero (the recall of an absent class, the precision of a class never predicted) is 0, as
scikit-learn's `zero_division=0` has it. Means over classes leave absent classes out, as its balanced accuracy does.
What ranks images (ROC-AUC, average precision) is NaN where there is nothing to rank.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from bench.analysis import formulas
from bench.analysis.formulas import calibration_error, f1_scores, g_mean, log_odds, precisions
from bench.statistics.confusion import Measure, acsa_measure, f1_measure, macro_f1_measure, recall_measure
from bench.training.scores import acsa, confusion_matrix, cross_entropy, recalls


@dataclass(frozen=True)
class Shots:
    """The bands of training images that long tails are read by (Liu et al. 2019, arXiv:1904.05160)."""

    many: int = 100
    few: int = 20

    def classes(self, band: str, counts: Sequence[int] | np.ndarray) -> list[int]:
        """Return the classes with more than `many` images, with fewer than `few`, or in between (`medium`)."""
        values = np.asarray(counts)
        inside = {"many": values > self.many, "few": values < self.few}
        inside["medium"] = ~inside["many"] & ~inside["few"]
        return np.flatnonzero(inside[band]).tolist()


SHOTS = Shots()


def rarest(counts: Sequence[int] | np.ndarray) -> int:
    """Return the minority class of training counts (K,); of equally rare classes the last."""
    return len(counts) - 1 - int(np.argmin(np.asarray(counts)[::-1]))


def commonest(counts: Sequence[int] | np.ndarray) -> int:
    """Return the majority class of training counts (K,); of equally common classes the first."""
    return int(np.argmax(counts))


@dataclass(frozen=True, eq=False)
class Reading:
    """What metrics are read off: labels (N,), probabilities and scores (N, K), training counts (K,).

    The argmax of the scores is the decision; where they are like probabilities, they are what a method believes.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    scores: np.ndarray
    counts: np.ndarray

    @cached_property
    def confusion(self) -> np.ndarray:
        """Images by true and decided class, int64 (K, K)."""
        return confusion_matrix(self.labels, self.scores.argmax(axis=1), self.probabilities.shape[1])

    @property
    def belief(self) -> np.ndarray:
        """The scores scaled to sum to one, float64 (N, K); the probabilities where scores cannot be read so."""
        totals = self.scores.sum(axis=1, keepdims=True, dtype=np.float64)
        if (self.scores < 0).any() or not (np.isfinite(totals) & (totals > 0)).all():
            return self.probabilities.astype(np.float64)
        return np.asarray(self.scores / totals)

    @cached_property
    def rankings(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of the minority class, or of each that has images: which are of it, bool (N,), and its log odds, (N,)."""
        classes = [rarest(self.counts)] if len(self.counts) == 2 else np.unique(self.labels)
        return [(self.labels == k, log_odds(self.probabilities, k)) for k in classes]

    def ranked(self, score: Callable[[np.ndarray, np.ndarray], float]) -> float:
        """Return how well probabilities rank the minority class, or the mean over classes of each against the rest."""
        each = [score(*ranking) for ranking in self.rankings]
        return float(np.mean(each)) if each else float("nan")


@dataclass(frozen=True)
class Metric:
    """A figure of a fit, which lies between 0 and 1 if it is `bounded`.

    `compared` gives, for training counts (K,), what statistics compare; None: they do not.
    """

    name: str
    title: str
    of: Callable[[Reading], float]
    classes: Literal["any", "two", "many"] = "any"
    lower_is_better: bool = False
    compared: Callable[[Sequence[int]], Measure] | None = None
    band: str = ""
    bounded: bool = True

    def supports(self, counts: Sequence[int]) -> str:
        """Return "" if the metric says something of a task with these training counts, else the reason why not."""
        if self.classes == "two" and len(counts) != 2:
            return "is of two classes"
        if self.classes == "many" and len(counts) == 2:
            return "is of more than two classes"
        if self.band and not SHOTS.classes(self.band, counts):
            return f"no class has {_BANDS[self.band]} training images"
        return ""


_BANDS = {
    "many": f"more than {SHOTS.many}",
    "medium": f"{SHOTS.few} to {SHOTS.many}",
    "few": f"fewer than {SHOTS.few}",
}


def _band(name: str) -> Metric:
    def mean(reading: Reading) -> float:
        mine = recalls(reading.confusion)[SHOTS.classes(name, reading.counts)]
        return float(mine.mean()) if len(mine) else float("nan")

    said = f"recall_{name}"
    title = f"recall of the classes with {_BANDS[name]} training images"
    return Metric(
        said, title, mean, "many", compared=lambda counts: recall_measure(said, SHOTS.classes(name, counts)), band=name
    )


def _f1(reading: Reading, k: int) -> float:
    return float(f1_scores(reading.confusion)[k])


def _of_present(reading: Reading, values: np.ndarray) -> np.ndarray:
    """Return values (K,) of the classes that have test images."""
    present: np.ndarray = values[reading.confusion.sum(axis=1) > 0]
    return present


_ALL = (
    Metric(
        "f1_minority",
        "F1 of the minority class",
        lambda it: _f1(it, rarest(it.counts)),
        "two",
        compared=lambda counts: f1_measure("f1_minority", rarest(counts)),
    ),
    Metric(
        "f1_majority",
        "F1 of the majority class",
        lambda it: _f1(it, commonest(it.counts)),
        "two",
        compared=lambda counts: f1_measure("f1_majority", commonest(counts)),
    ),
    Metric(
        "acsa",
        "ACSA, the mean recall of the classes",
        lambda it: acsa(it.confusion),
        compared=lambda counts: acsa_measure(),
    ),
    Metric(
        "macro_f1",
        "macro F1, the mean F1 of the classes",
        lambda it: float(_of_present(it, f1_scores(it.confusion)).mean()),
        "many",
        compared=lambda counts: macro_f1_measure(),
    ),
    Metric(
        "worst_recall",
        "recall of the worst class",
        lambda it: float(_of_present(it, recalls(it.confusion)).min()),
        "many",  # a minimum has no gradient to compare it by: it stands in tables without marks
    ),
    *map(_band, ("many", "medium", "few")),
    Metric("g_mean", "G-mean, the geometric mean of the recalls", lambda it: g_mean(it.confusion)),
    Metric(
        "roc_auc",
        "ROC-AUC of the minority class, or the mean of each against the rest",
        lambda it: it.ranked(formulas.roc_auc),
    ),
    Metric(
        "average_precision",
        "average precision of the minority class, or the mean of each against the rest",
        lambda it: it.ranked(formulas.average_precision),
    ),
    Metric("accuracy", "accuracy", lambda it: float(np.trace(it.confusion) / max(it.confusion.sum(), 1))),
    Metric(
        "ece",
        "expected calibration error of the likeliest class",
        lambda it: calibration_error(it.labels, it.belief),
        lower_is_better=True,
    ),
    Metric(
        "log_loss",
        "log loss in nats",
        lambda it: cross_entropy(it.labels, it.belief),
        lower_is_better=True,
        bounded=False,
    ),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
PER_CLASS = ("recall", "precision", "f1")
MAIN = ("f1_minority", "f1_majority", "acsa", "macro_f1", "worst_recall", "recall_many", "recall_medium", "recall_few")


def supported(counts: Sequence[int]) -> list[str]:
    """Return the names of the metrics that say something of a task with these training counts."""
    return [metric.name for metric in _ALL if not metric.supports(counts)]


def headline(n_classes: int) -> str:
    """Return the metric that a summary speaks of."""
    return "f1_minority" if n_classes == 2 else "acsa"


def measures(counts: Sequence[int]) -> tuple[Measure, ...]:
    """Return what statistics compare of a task with these training counts."""
    found = (METRICS[name].compared for name in supported(counts))
    return tuple(compared(counts) for compared in found if compared)


def figures(
    labels: np.ndarray,
    probabilities: np.ndarray,
    scores: np.ndarray | None = None,
    counts: Sequence[int] | np.ndarray | None = None,
) -> dict[str, float]:
    """Return every figure of one part's images by name, and recall, precision and F1 of each class, such as `f1_0`.

    Parameters
    ----------
    labels : int (N,)
    probabilities : float (N, K)
    scores : float (N, K)
        Adjusted probabilities whose argmax is the decision, such as those of threshold scaling; default: the
        probabilities. ROC-AUC and average precision rank by the probabilities in either case.
    counts : int (K,)
        Training images; default: as if the last class were the rarest and the first the commonest.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    shares = np.arange(probabilities.shape[1], 0, -1) if counts is None else np.asarray(counts)
    reading = Reading(labels, probabilities, probabilities if scores is None else np.asarray(scores), shares)
    values = {name: METRICS[name].of(reading) for name in supported(shares.tolist())}
    for name, per_class in zip(PER_CLASS, (recalls, precisions, f1_scores), strict=True):
        values |= {f"{name}_{k}": float(value) for k, value in enumerate(per_class(reading.confusion))}
    return values
