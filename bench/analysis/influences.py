"""Influences: what each test image does to a figure, for any metric, so that the luck of the test set can be told."""

from __future__ import annotations

import numpy as np

from bench.analysis.metrics import Metric, Reading
from bench.statistics.spread import centred

MORE = 0.5  # of an image of each class, spread evenly over the decisions, for what few images do not show
GROUPS = 60  # into which images are cut where a metric has no formula: each is left out once


def influences(metric: Metric, reading: Reading) -> np.ndarray:
    """Return what each image, or each of some groups of images, moves a figure by, float64 (U,).

    The sum of the squares is the variance of the figure from the draw of the test images, with so many of each class;
    the sum of the products of two runs on the same images is their covariance. For what is read off a confusion matrix,
    to first order; for ROC-AUC by its structural components (DeLong et al. 1988, doi:10.2307/2531595); for all else by
    a jackknife over groups, the same images in each for every run.
    """
    labels = reading.labels
    if metric.compared is not None:
        decided = reading.scores.argmax(axis=1)
        slopes = metric.compared(reading.counts.tolist()).gradient(reading.confusion)
        return _scaled(slopes[labels, decided], labels)
    if metric.name == "roc_auc":
        return _scaled(_of_ranking(reading), labels)
    groups = _groups(labels)
    left = [metric.of(_without(reading, groups == g)) for g in range(groups.max() + 1)]
    moved: np.ndarray = centred(np.array(left), 0) * np.sqrt((len(left) - 1) / len(left))
    return moved


def _scaled(influence: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return influences less the mean of their class, unbiased; a class of one image shows no variance."""
    out = np.zeros(len(labels))
    for k in np.unique(labels):
        mine = labels == k
        if (n := int(mine.sum())) > 1:
            out[mine] = centred(influence[mine], 0) * np.sqrt(n / (n - 1))
    return out


def _of_ranking(reading: Reading) -> np.ndarray:
    mean: np.ndarray = np.mean([placements(*ranking) for ranking in reading.rankings], axis=0)
    return mean


def placements(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each image's part in the ROC-AUC, (N,): the share of the other side that it stands on the right side of.

    Those of either side sum to the ROC-AUC.
    """
    out = np.zeros(len(scores))
    for mine, sign in ((positive, 1), (~positive, -1)):
        others = np.sort(sign * scores[~mine])
        own = sign * scores[mine]
        below = (np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")) / 2
        out[mine] = below / max(len(others) * len(own), 1)
    return out


def _groups(labels: np.ndarray) -> np.ndarray:
    """Return the group of each image (N,); every class is spread over all groups evenly, if it has as many images."""
    order = np.concatenate([np.flatnonzero(labels == k) for k in np.unique(labels)])
    found = np.empty(len(labels), np.int64)
    found[order] = np.arange(len(labels)) % min(GROUPS, len(labels))
    return found


def _without(reading: Reading, gone: np.ndarray) -> Reading:
    return Reading(reading.labels[~gone], reading.probabilities[~gone], reading.scores[~gone], reading.counts)


def unseen(metric: Metric, reading: Reading) -> float:
    """Return how much more variance the draw of the test images has than images show that are nearly all decided right.

    Ten right of ten would show none; with half an image more of each class, spread evenly over the decisions, they do.
    0 of a metric that no confusion matrix tells.
    """
    if metric.compared is None:
        return 0.0
    images = reading.confusion.sum(axis=1, keepdims=True)
    more = (reading.confusion + MORE / len(images)) * images / (images + MORE)
    slopes = metric.compared(reading.counts.tolist()).gradient
    return max(_variance(more, slopes(more)) - _variance(reading.confusion, slopes(reading.confusion)), 0.0)


def _variance(confusion: np.ndarray, slopes: np.ndarray) -> float:
    """Return the variance of a figure with these slopes over draws of as many images of each class."""
    images = confusion.sum(axis=1)
    shares = confusion / np.maximum(images, 1)[:, None]
    of_one = (shares * slopes**2).sum(axis=1) - (shares * slopes).sum(axis=1) ** 2
    return float((images * of_one).sum())
