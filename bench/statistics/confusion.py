"""Figures of many confusion matrices at once, with their gradients, which tell what one image more is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measure:
    """A figure of confusion matrices (..., K, K), true class first; counts and weighted counts will both do.

    `value` gives (...); `gradient` gives (..., K, K), the derivative by each entry with the rows' sums held, up to a
    constant in each row (a constant there says nothing about images of that class).
    """

    name: str
    value: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]


def confusion_matrices(labels: np.ndarray, decisions: np.ndarray, n_classes: int) -> np.ndarray:
    """Count images by true and decided class: labels (I,) and decisions (..., I) give int64 (..., K, K).

    Raises
    ------
    ValueError
        A label or decision lies outside 0..K-1, or the numbers of images differ.
    """
    labels, decisions = np.asarray(labels, np.int64), np.asarray(decisions, np.int64)
    if decisions.shape[-1:] != labels.shape:
        raise ValueError(f"decisions {decisions.shape} are not about the images of labels {labels.shape}")
    if any(it.size and (it.min() < 0 or it.max() >= n_classes) for it in (labels, decisions)):
        raise ValueError(f"classes must lie in 0..{n_classes - 1}")
    fits = decisions.reshape(-1, len(labels))
    flat = (np.arange(len(fits))[:, None] * n_classes + labels) * n_classes + fits
    counts = np.bincount(flat.ravel(), minlength=len(fits) * n_classes**2)
    return counts.reshape(*decisions.shape[:-1], n_classes, n_classes)


def acsa(confusion: np.ndarray) -> np.ndarray:
    """Return the mean recall of the classes that have images, (...); NaN without any."""
    return mean_recall(confusion, range(confusion.shape[-1]))


def mean_recall(confusion: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Return the mean recall of those of some classes that have images, (...); NaN without any."""
    images = confusion.sum(axis=-1)[..., list(classes)]
    found = np.diagonal(confusion, axis1=-2, axis2=-1)[..., list(classes)]
    return ratio(ratio(found, images).sum(axis=-1), (images > 0).sum(axis=-1), empty=np.nan)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Return the share of all images that were classified rightly, (...); NaN without any."""
    return ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)), empty=np.nan)


def f1(confusion: np.ndarray, k: int) -> np.ndarray:
    """Return the F1 of class k, (...); 0 where undefined."""
    return ratio(2 * confusion[..., k, k], _f1_denominator(confusion, k))


def precision(confusion: np.ndarray, k: int) -> np.ndarray:
    """Return the share of the decisions for class k that are right, (...); 0 without any."""
    return ratio(confusion[..., k, k], confusion[..., :, k].sum(axis=-1))


def acsa_measure() -> Measure:
    """Return the ACSA as a Measure."""

    def every(confusion: np.ndarray) -> np.ndarray:
        return _recall_slopes(confusion, range(confusion.shape[-1]))

    return Measure("acsa", acsa, every)


def recall_measure(name: str, classes: Sequence[int]) -> Measure:
    """Return the mean recall of some classes as a Measure."""
    return Measure(name, lambda confusion: mean_recall(confusion, classes), lambda it: _recall_slopes(it, classes))


def f1_measure(name: str, k: int) -> Measure:
    """Return the F1 of class k as a Measure."""
    return Measure(name, lambda confusion: f1(confusion, k), lambda confusion: _f1_slopes(confusion, k))


def macro_f1_measure(name: str = "macro_f1") -> Measure:
    """Return the mean F1 of the classes that have images as a Measure."""

    def mean(confusion: np.ndarray) -> np.ndarray:
        each = np.stack([f1(confusion, k) for k in range(confusion.shape[-1])], axis=-1)
        present = confusion.sum(axis=-1) > 0
        return ratio((each * present).sum(axis=-1), present.sum(axis=-1), empty=np.nan)

    def gradient(confusion: np.ndarray) -> np.ndarray:
        present = confusion.sum(axis=-1) > 0
        share = ratio(1.0, present.sum(axis=-1))
        total = np.zeros(confusion.shape)
        for k in range(confusion.shape[-1]):
            total += _f1_slopes(confusion, k) * (present[..., k] * share)[..., None, None]
        return total

    return Measure(name, mean, gradient)


def _recall_slopes(confusion: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    images = confusion.sum(axis=-1)
    chosen = np.isin(np.arange(confusion.shape[-1]), list(classes))
    present = ((images > 0) & chosen).sum(axis=-1)
    each = ratio(1.0, images * present[..., None]) * chosen
    slopes: np.ndarray = np.eye(confusion.shape[-1]) * each[..., None]
    return slopes


def _f1_slopes(confusion: np.ndarray, k: int) -> np.ndarray:
    """Return the gradient of F1: with D = row sum + column sum, dF1 = (2 dC_kk - F1 d(column sum)) / D."""
    slopes = np.zeros(confusion.shape)
    slopes[..., :, k] = -f1(confusion, k)[..., None]
    slopes[..., k, k] += 2
    slopes *= ratio(1.0, _f1_denominator(confusion, k))[..., None, None]
    return slopes


def _f1_denominator(confusion: np.ndarray, k: int) -> np.ndarray:
    total: np.ndarray = confusion[..., k, :].sum(axis=-1) + confusion[..., :, k].sum(axis=-1)
    return total


def ratio(top: np.ndarray | float, bottom: np.ndarray, empty: float = 0.0) -> np.ndarray:
    """Return top / bottom in float64, `empty` where the bottom is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(top, np.float64), np.asarray(bottom, np.float64))
    quotient: np.ndarray = np.divide(top, bottom, out=np.full(top.shape, empty), where=bottom > 0)
    return quotient
