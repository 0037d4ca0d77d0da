"""What a record cannot be: arrays that do not fit their shape, probabilities that are none, an epoch that never was."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.record import Cost, Packed, Predictions, Ratios, Record

PREDICT = ("fit", "audit", "twin")  # kinds of records that hold what a classifier said
TASK = ("dataset", "edition", "split", "classes", "counts")
FIT = (*TASK, "method", "streams", "protocol", "stages")
NEEDED = {  # what the identity of a kind has
    **dict.fromkeys(PREDICT, FIT),
    "twin": (*FIT, "processor"),
    "stage": (*TASK, "stage", "parameters", "settings", "stages"),
    "measurement": (*TASK, "of", "judges", "images"),
}
TYPES: dict[str, type] = {
    **dict.fromkeys(("kind", "dataset", "edition", "split", "stage", "of", "processor"), str),
    **dict.fromkeys(("protocol", "streams", "parameters", "settings", "images"), dict),
    **dict.fromkeys(("classes", "counts", "method", "stages", "judges"), list),
}
NAMES = ("classes", "stages", "judges")  # lists of text
MOST_IMAGES = 10**12  # of a class
CENTURY = 3.2e9  # seconds
MOST_COST = {"flops": 1e30, "peak_memory_bytes": 2.0**60, "train_images": 1e18}  # of the others: seconds
MOST_EPOCHS = 10**12
MOST_AXES, MOST_NUMBERS = 8, 2**31  # of an array
MOST_STREAM = 10**30
EPOCH_TOLERANCE = 1e-6  # records keep some digits of what a history says
COUNTERS = ("epoch", "gan_epoch", "step")
MOST_RATIO = 700  # a logarithm, whose exponential is a number
SUM_TOLERANCE = 1e-3  # of float32 probabilities of an image, which add up to one


def implausible(record: Record) -> str:
    """Return why a record that parses cannot be true, "" where it can."""
    if reason := _identity(record.identity):
        return reason
    predicts = record.identity.get("kind") in PREDICT
    if record.status == "done" and predicts and not (record.validation and record.test):
        return f"it is a {record.kind} that is done, and has no predictions"
    if record.status == "done" and record.kind == "measurement" and not record.figures:
        return "it is a measurement that is done, and has no figures"
    for name in ("validation", "test", "extended"):
        part: Predictions | None = getattr(record, name)
        if part is not None and (reason := no_predictions(part, record.identity.get("classes", part.counts))):
            return f"{name}: {reason}"
    for name, packed in record.answers.items():
        if reason := _incomplete(packed):
            return f"answers {name}: {reason}"
        if not np.isfinite(packed.array()).all():
            return f"answers {name}: numbers that are not finite"
    if not all(map(_finite, (record.figures, record.chosen, *record.history))):  # JSON can spell others as text
        return "a number that is not finite"
    return _epochs(record) or _cost(record.cost)


def _identity(identity: Mapping[str, Any]) -> str:
    """Return what is wrong with the fields of an identity that every reader builds on, where it has them."""
    for name, value in identity.items():
        if name in TYPES and not isinstance(value, TYPES[name]):
            return f"{name} is no {TYPES[name].__name__}"
    if (kind := identity.get("kind")) is None:
        return "it is of no kind"
    if lacking := [name for name in NEEDED.get(kind, ()) if name not in identity]:
        return f"a {kind} without {lacking[0]}"
    for name in NAMES:
        if not all(isinstance(it, str) for it in identity.get(name, ())):
            return f"its {name} are no names"
    if reason := _streams(identity.get("streams", {})):
        return reason
    if "counts" in identity and (reason := _counts(identity["counts"], identity.get("classes"))):
        return reason
    return "" if all(map(_is_call, identity.get("method", ()))) else "its method is none"


def _counts(counts: Sequence[object], classes: Sequence[str] | None) -> str:
    if len(counts) < 2 or not all(type(it) is int and 1 <= it <= MOST_IMAGES for it in counts):
        return "its counts are no numbers of images of two classes or more"
    if classes is not None and len(classes) != len(counts):
        return f"counts of {len(counts)} classes, the task has {len(classes)}"
    return ""


def _streams(streams: Mapping[str, Any]) -> str:
    if not all(type(it) is int and abs(it) <= MOST_STREAM for it in streams.values()):
        return "its streams are no whole numbers"
    return "its streams lack order" if streams and "order" not in streams else ""


def _finite(row: Mapping[str, float]) -> bool:
    return math.isfinite(sum(row.values())) or all(map(math.isfinite, row.values()))  # the sum tells most rows at once


def _is_call(part: object) -> bool:
    return isinstance(part, list) and [type(it) for it in part] == [str, dict]


def _epochs(record: Record) -> str:
    """Return what is wrong with the epochs that a record tells of: of a fit they are counted one by one."""
    planned = record.identity.get("protocol", {}).get("epochs")
    most = planned if isinstance(planned, int) else MOST_EPOCHS
    if record.identity.get("kind") in PREDICT:
        exact = [row.get("epoch") for row in record.history] == [*range(1, len(record.history) + 1)]
        for number, row in enumerate(() if exact else record.history, 1):
            epoch = row.get("epoch")
            if epoch is None:
                return f"row {number} of its history has no epoch"
            if not (epoch.is_integer() and math.isclose(epoch, number, rel_tol=EPOCH_TOLERANCE)):
                return f"row {number} of its history is of epoch {epoch:g}"
        if len(record.history) > most:
            return f"a history of {len(record.history)} epochs, {most} were planned"
        most = len(record.history) or most
    counted = [row[name] for row in record.history for name in COUNTERS if name in row]
    if wrong := [it for it in counted if not 0 <= it <= MOST_EPOCHS]:
        return f"its history has an epoch {wrong[0]:g}"
    if record.selected_epoch is not None and not 1 <= record.selected_epoch <= most:
        return f"epoch {record.selected_epoch} was selected of {most}"
    if record.failed_epoch is not None and not 1 <= record.failed_epoch <= MOST_EPOCHS:
        return f"it failed in epoch {record.failed_epoch}"
    return ""


def _cost(cost: Cost) -> str:
    values = cost.model_dump()
    if min(values.values()) < 0:
        return "its cost is negative"
    if not all(value <= MOST_COST.get(name, CENTURY) for name, value in values.items()):
        return "its cost is more than any machine has computed"
    return ""


def no_predictions(part: Predictions, classes: Sequence[object]) -> str:
    """Return why these cannot be what a classifier said of images of these classes, "" where they can."""
    if min(part.counts, default=0) < 1:
        return "a class without images"
    if len(classes) != len(part.counts):
        return f"counts of {len(part.counts)} classes, the task has {len(classes)}"
    if tuple(part.probabilities.shape) != (sum(part.counts), len(part.counts)):
        return f"probabilities of shape {part.probabilities.shape} for {sum(part.counts)} images"
    if reason := _incomplete(part.probabilities):
        return reason
    if isinstance(part.probabilities, Ratios):  # what they are unpacked to adds up
        return "" if _have_shares(part.probabilities) else "probabilities that are not between 0 and 1"
    values = part.probabilities.array()
    if not np.isfinite(values).all() or values.min(initial=0) < 0 or values.max(initial=0) > 1 + SUM_TOLERANCE:
        return "probabilities that are not between 0 and 1"
    if np.abs(values.sum(axis=1) - 1).max(initial=0) > SUM_TOLERANCE:
        return "probabilities of an image that do not add up to 1"
    return ""


def _have_shares(packed: Ratios) -> bool:
    """Return whether these can be ratios of probabilities: of more than two classes the likeliest has a finite one."""
    ratios = np.frombuffer(base64.b64decode(packed.ratios), dtype="<f2").astype(np.float32)
    if packed.shape[1] == 2:
        return not np.isnan(ratios).any()
    return bool((np.abs(ratios.reshape(packed.shape).max(axis=1)) < MOST_RATIO).all())


def _incomplete(packed: Packed | Ratios) -> str:
    sides = packed.shape
    if len(sides) > MOST_AXES or min(sides, default=0) < 0 or math.prod(max(side, 1) for side in sides) > MOST_NUMBERS:
        return "an array of a shape that none has"
    if isinstance(packed, Packed):
        text, wanted = packed.base64, 4 * math.prod(packed.shape)
    else:
        images, classes = packed.shape
        text, wanted = packed.ratios, 2 * (images if classes == 2 else images * classes)
    try:
        held = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return "an array that is no base64"
    return "" if held == wanted else f"an array of {held} bytes where its shape needs {wanted}"
