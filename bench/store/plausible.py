"""What a record cannot be: arrays that do not fit their shape, probabilities that are none, an epoch that never was."""

from __future__ import annotations

import base64
import binascii
import math

import numpy as np

from bench.record import Packed, Predictions, Record

SUM_TOLERANCE = 1e-3  # of float32 probabilities of an image, which add up to one


def implausible(record: Record) -> str:
    """Return why a record that parses cannot be true, "" where it can."""
    for name in ("validation", "test", "extended"):
        part: Predictions | None = getattr(record, name)
        if part is not None and (reason := _predictions(part, record)):
            return f"{name}: {reason}"
    for name, packed in record.answers.items():
        if reason := _packed(packed) or ("" if np.isfinite(packed.array()).all() else "numbers that are not finite"):
            return f"answers {name}: {reason}"
    epochs = [row["epoch"] for row in record.history if "epoch" in row]
    if record.selected_epoch is not None and epochs and not 1 <= record.selected_epoch <= max(epochs):
        return f"epoch {record.selected_epoch} was selected of {max(epochs):g}"
    if min(record.cost.model_dump().values()) < 0:
        return "its cost is negative"
    return ""


def _predictions(part: Predictions, record: Record) -> str:
    if min(part.counts, default=0) < 0:
        return "a count is negative"
    classes = record.identity.get("classes")
    if isinstance(classes, list) and len(classes) != len(part.counts):
        return f"counts of {len(part.counts)} classes, the task has {len(classes)}"
    if tuple(part.probabilities.shape) != (sum(part.counts), len(part.counts)):
        return f"probabilities of shape {part.probabilities.shape} for {sum(part.counts)} images"
    if reason := _packed(part.probabilities):
        return reason
    values = part.probabilities.array()
    if not np.isfinite(values).all() or values.min(initial=0) < 0 or values.max(initial=0) > 1 + SUM_TOLERANCE:
        return "probabilities that are not between 0 and 1"
    if np.abs(values.sum(axis=1) - 1).max(initial=0) > SUM_TOLERANCE:
        return "probabilities of an image that do not add up to 1"
    return ""


def _packed(packed: Packed) -> str:
    try:
        held = len(base64.b64decode(packed.base64, validate=True))
    except (binascii.Error, ValueError):
        return "an array that is no base64"
    wanted = 4 * math.prod(packed.shape)
    return "" if held == wanted else f"an array of {held} bytes where its shape needs {wanted}"
