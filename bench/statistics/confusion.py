"""Figures of many confusion matrices at once, with their gradients, which tell what one image more is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Metric:
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
    images = confusion.sum(axis=-1)
    found = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _ratio(_ratio(found, images).sum(axis=-1), (images > 0).sum(axis=-1), empty=np.nan)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Return the share of all images that were classified rightly, (...); NaN without any."""
    return _ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)), empty=np.nan)


def f1(confusion: np.ndarray, k: int) -> np.ndarray:
    """Return the F1 of class k, (...); 0 where undefined."""
    return _ratio(2 * confusion[..., k, k], _f1_denominator(confusion, k))


def acsa_metric() -> Metric:
    """Return the ACSA as a Metric."""

    def gradient(confusion: np.ndarray) -> np.ndarray:
        images = confusion.sum(axis=-1)
        present = (images > 0).sum(axis=-1)
        slopes: np.ndarray = np.eye(confusion.shape[-1]) * _ratio(1.0, images * present[..., None])[..., None]
        return slopes

    return Metric("acsa", acsa, gradient)


def f1_metric(name: str, k: int) -> Metric:
    """Return the F1 of class k as a Metric: with D = row sum + column sum, dF1 = (2 dC_kk - F1 d(column sum)) / D."""

    def gradient(confusion: np.ndarray) -> np.ndarray:
        slopes = np.zeros(confusion.shape)
        slopes[..., :, k] = -f1(confusion, k)[..., None]
        slopes[..., k, k] += 2
        slopes *= _ratio(1.0, _f1_denominator(confusion, k))[..., None, None]
        return slopes

    return Metric(name, lambda confusion: f1(confusion, k), gradient)


def _f1_denominator(confusion: np.ndarray, k: int) -> np.ndarray:
    total: np.ndarray = confusion[..., k, :].sum(axis=-1) + confusion[..., :, k].sum(axis=-1)
    return total


def _ratio(top: np.ndarray | float, bottom: np.ndarray, empty: float = 0.0) -> np.ndarray:
    top, bottom = np.broadcast_arrays(np.asarray(top, np.float64), np.asarray(bottom, np.float64))
    ratio: np.ndarray = np.divide(top, bottom, out=np.full(top.shape, empty), where=bottom > 0)
    return ratio
