"""Recompute: a record's figures in another way than the tables' one: scikit-learn on the stored probabilities."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from bench.record import Record
from bench.analysis.frame import Adjust


def recomputed(record: Record, adjust: Adjust) -> dict[str, float]:
    """Return every figure that a row of cells.csv has of a record, by the column's name.

    Parameters
    ----------
    adjust
        The decision: (probabilities (N, K), original counts (K,)) -> scores (N, K).

    Raises
    ------
    ValueError
        The record holds no test probabilities.
    """
    if record.test is None:
        raise ValueError(f"record {record.id} holds no test probabilities")
    counts = np.array(record.identity["counts"])
    classes = range(len(counts))
    rare = max(classes, key=lambda k: (-counts[k], k))
    common = max(classes, key=lambda k: (counts[k], -k))
    labels, probabilities = record.test.labels, record.test.probabilities.array()
    decided = adjust(probabilities, counts).argmax(axis=1)
    precision, recall, f1, images = precision_recall_fscore_support(
        labels, decided, labels=list(classes), zero_division=0
    )
    present = recall[images > 0]
    figures = {
        "f1_minority": f1[rare],
        "f1_majority": f1[common],
        "acsa": present.mean(),
        "g_mean": np.prod(present) ** (1 / len(present)),
        "accuracy": accuracy_score(labels, decided),
        **_ranking(labels == rare, probabilities[:, rare]),
    }
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        figures |= {f"{name}_{k}": values[k] for k in classes}
    return {name: float(value) for name, value in figures.items()}


def _ranking(positive: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the figures that rank images; NaN where there is nothing to rank."""
    some, all_ = positive.any(), positive.all()
    return {
        "roc_auc": roc_auc_score(positive, scores) if some and not all_ else float("nan"),
        "average_precision": average_precision_score(positive, scores) if some else float("nan"),
    }
