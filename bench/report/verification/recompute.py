"""Recompute: a record's figures in another way than the tables' one: scikit-learn on the stored probabilities."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from bench.record import Record

MANY, FEW, BINS = 100, 20, 10


def recomputed(record: Record, scores: np.ndarray) -> dict[str, float]:
    """Return every figure that a row of cells.csv has of a record, by the column's name.

    Parameters
    ----------
    scores : float (N, K)
        The decision's, of the record's test images.

    Raises
    ------
    ValueError
        The record holds no test probabilities.
    """
    if record.test is None:
        raise ValueError(f"record {record.id} holds no test probabilities")
    counts = np.array(record.identity["counts"])
    classes = list(range(len(counts)))
    labels, probabilities = record.test.labels, record.test.probabilities.array()
    precision, recall, f1, images = precision_recall_fscore_support(
        labels, scores.argmax(axis=1), labels=classes, zero_division=0
    )
    there = images > 0
    figures = {
        "acsa": recall[there].mean(),
        "g_mean": np.prod(recall[there]) ** (1 / there.sum()),
        "accuracy": accuracy_score(labels, scores.argmax(axis=1)),
        **_believed(labels, probabilities, scores),
    }
    if len(counts) == 2:
        rare = max(classes, key=lambda k: (-counts[k], k))
        common = max(classes, key=lambda k: (counts[k], -k))
        figures |= {"f1_minority": f1[rare], "f1_majority": f1[common]}
        figures |= _ranking(labels == rare, _ranks(probabilities, rare))
    else:
        figures |= {"macro_f1": f1[there].mean(), "worst_recall": recall[there].min()}
        each = [_ranking(labels == k, _ranks(probabilities, k)) for k in classes if there[k]]
        figures |= {name: np.mean([one[name] for one in each]) for name in each[0]}
        bands = {"many": counts > MANY, "medium": (counts >= FEW) & (counts <= MANY), "few": counts < FEW}
        figures |= {f"recall_{name}": recall[inside & there].mean() for name, inside in bands.items() if inside.any()}
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        figures |= {f"{name}_{k}": values[k] for k in classes}
    return {name: float(value) for name, value in figures.items()}


def _ranks(probabilities: np.ndarray, k: int) -> np.ndarray:
    """Return the place of each image by a class's probability, float64 (N,); those above a half by the others' too."""
    mine = probabilities[:, k]
    others = np.delete(probabilities, k, axis=1).sum(axis=1, dtype=np.float64).astype(np.float32)
    places = np.unique(np.stack([mine, np.where(mine > 0.5, -others, 0)], axis=1), axis=0, return_inverse=True)[1]
    return np.asarray(places, np.float64).ravel()


def _ranking(positive: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the figures that rank images; NaN where there is nothing to rank."""
    some, all_ = positive.any(), positive.all()
    return {
        "roc_auc": roc_auc_score(positive, scores) if some and not all_ else float("nan"),
        "average_precision": average_precision_score(positive, scores) if some else float("nan"),
    }


def _believed(labels: np.ndarray, probabilities: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return what is said of probabilities: the scores scaled to one, where they can be read so."""
    likely = (scores >= 0).all() and (scores.sum(axis=1) > 0).all() and np.isfinite(scores.sum(axis=1)).all()
    belief = np.asarray(scores if likely else probabilities, np.float64)
    belief = belief / belief.sum(axis=1, keepdims=True) if likely else belief
    said, right = belief.max(axis=1), belief.argmax(axis=1) == labels
    edges = np.minimum(np.floor(said * BINS), BINS - 1)
    gaps = [abs(right[edges == b].mean() - said[edges == b].mean()) * (edges == b).mean() for b in set(edges)]
    clipped = np.clip(belief, 1e-12, 1)
    loss = log_loss(labels, clipped / clipped.sum(axis=1, keepdims=True), labels=range(belief.shape[1]))
    return {"ece": sum(gaps), "log_loss": loss}
