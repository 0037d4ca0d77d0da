"""Every figure of a fit, from one confusion matrix and the stored probabilities.

A ratio whose denominator is zero (the recall of an absent class, the precision of a class never predicted) is 0, as
scikit-learn's `zero_division=0` has it. Means over classes leave absent classes out, as its balanced accuracy does.
What ranks images (ROC-AUC, average precision) is NaN where there is nothing to rank.
"""

from __future__ import annotations

import numpy as np

from bench.training.scores import acsa, confusion_matrix, ratio, recalls


def rarest(counts: np.ndarray) -> int:
    """Return the minority class of training counts (K,); of equally rare classes the last."""
    return len(counts) - 1 - int(np.argmin(np.asarray(counts)[::-1]))


def commonest(counts: np.ndarray) -> int:
    """Return the majority class of training counts (K,); of equally common classes the first."""
    return int(np.argmax(counts))


def precisions(confusion: np.ndarray) -> np.ndarray:
    """Return the share of each class's predictions that were right, float64 (K,)."""
    return ratio(np.diag(confusion), confusion.sum(axis=0))


def f1_scores(confusion: np.ndarray) -> np.ndarray:
    """Return the harmonic mean of precision and recall of each class, float64 (K,)."""
    return ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def g_mean(confusion: np.ndarray) -> float:
    """Return the geometric mean of the recalls of the classes that have images; NaN without any."""
    present = recalls(confusion)[confusion.sum(axis=1) > 0]
    return float(present.prod() ** (1 / len(present))) if len(present) else float("nan")


def accuracy(confusion: np.ndarray) -> float:
    """Return the share of all images that were classified rightly; NaN without any."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.any() else float("nan")


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the chance that a positive image scores higher than a negative one; a tie counts half.

    Parameters
    ----------
    positive : bool or 0/1 (N,)
    scores : float (N,)

    Returns
    -------
    float
        NaN if one of the two sides has no image.
    """
    positive = np.asarray(positive).astype(bool)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    _, group, sizes = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    mean_ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    wins = mean_ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(wins / (n_positive * n_negative))


def roc_auc_one_vs_rest(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return each class's ROC-AUC against all others, float64 (K,), from labels (N,) and probabilities (N, K)."""
    labels = np.asarray(labels)
    return np.array([roc_auc(labels == k, scores) for k, scores in enumerate(np.asarray(probabilities).T)])


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the precision at every distinct threshold, weighted by the recall gained there (no interpolation).

    Parameters and the meaning of NaN are those of `roc_auc`, except that negatives may be lacking.
    """
    positive = np.asarray(positive).astype(bool)
    if not positive.any():
        return float("nan")
    _, group = np.unique(-np.asarray(scores), return_inverse=True)
    found = np.cumsum(np.bincount(group, weights=positive))
    precision = found / np.cumsum(np.bincount(group))
    return float((np.diff(found, prepend=0.0) * precision).sum() / positive.sum())


def figures(
    labels: np.ndarray,
    probabilities: np.ndarray,
    scores: np.ndarray | None = None,
    *,
    minority: int | None = None,
    majority: int = 0,
) -> dict[str, float]:
    """Return every figure of one part's images by name.

    Parameters
    ----------
    labels : int (N,)
    probabilities : float (N, K)
    scores : float (N, K)
        Adjusted probabilities whose argmax is the decision, such as those of threshold shifting; default: the
        probabilities. ROC-AUC and average precision rank by P(minority) in either case.
    minority, majority
        Classes that `f1_minority` and `f1_majority` speak of, see `rarest` and `commonest`; default: last and first.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    decided = probabilities if scores is None else np.asarray(scores)
    n_classes = probabilities.shape[1]
    rare = n_classes - 1 if minority is None else minority
    confusion = confusion_matrix(labels, decided.argmax(axis=1), n_classes)
    recall, precision, f1 = recalls(confusion), precisions(confusion), f1_scores(confusion)
    values = {
        "f1_minority": float(f1[rare]),
        "f1_majority": float(f1[majority]),
        "acsa": acsa(confusion),
        "g_mean": g_mean(confusion),
        "accuracy": accuracy(confusion),
        "roc_auc": roc_auc(labels == rare, probabilities[:, rare]),
        "average_precision": average_precision(labels == rare, probabilities[:, rare]),
    }
    for name, per_class in (("recall", recall), ("precision", precision), ("f1", f1)):
        values |= {f"{name}_{k}": float(value) for k, value in enumerate(per_class)}
    return values
