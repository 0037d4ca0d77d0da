"""What selection rests on: the confusion matrix, the mean recall of the classes, the cross-entropy.

A ratio whose denominator is zero is 0, as scikit-learn's `zero_division=0` has it; means over classes leave classes
without images out.
"""

from __future__ import annotations

import numpy as np

SMALLEST_PROBABILITY = 1e-12


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, n_classes: int) -> np.ndarray:
    """Count images by true class (rows) and predicted class (columns), int64 (K, K).

    Raises
    ------
    ValueError
        The two differ in length, or hold something outside 0..K-1.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(f"labels {labels.shape} and predictions {predictions.shape} must be (N,) both")
    both = np.concatenate([labels, predictions])
    if both.size and (both.min() < 0 or both.max() >= n_classes):
        raise ValueError(f"classes must lie in 0..{n_classes - 1}")
    flat = labels.astype(np.int64) * n_classes + predictions.astype(np.int64)
    return np.bincount(flat, minlength=n_classes * n_classes).reshape(n_classes, n_classes)


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Return the share of each class's images that were found, float64 (K,)."""
    return ratio(np.diag(confusion), confusion.sum(axis=1))


def acsa(confusion: np.ndarray) -> float:
    """Return the average class-specific accuracy: the mean recall of the classes that have images; NaN without any.

    The same as balanced accuracy (Huang et al. 2016, doi:10.1109/CVPR.2016.580).
    """
    present = confusion.sum(axis=1) > 0
    return float(recalls(confusion)[present].mean()) if present.any() else float("nan")


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean of -log p of the true class, in nats; p is clipped at 1e-12 so that it stays finite."""
    chosen = np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, SMALLEST_PROBABILITY, 1.0)).mean())


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return top / bottom, float64 (K,), 0 where bottom is."""
    quotient: np.ndarray = np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0)
    return quotient
