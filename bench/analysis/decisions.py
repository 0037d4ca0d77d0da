"""Decisions: what a row of a table makes of a fit's probabilities, its one number chosen on validation data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from bench.analysis.metrics import figures
from bench.errors import UserError
from bench.expression import Expression
from bench.record import Record
from bench.training.composition import build


@dataclass(frozen=True, eq=False)
class Decided:
    """Scores (N, K) of the test images whose argmax is the decision, and the numbers that were chosen for it."""

    scores: np.ndarray
    chosen: Mapping[str, float] = field(default_factory=dict)


Decide = Callable[[Record], Decided]
DecideOf = Callable[[Expression], Decide]
RecordOf = Callable[[str], Record | None]


@cache
def decision_of(expression: Expression) -> Decide:
    """Return the decision of a row: of a record with test probabilities, the scores.

    A decision that chooses a number does so on the record's validation probabilities, never on its test images.
    """
    composition = build(expression)

    def decide(record: Record) -> Decided:
        assert record.test is not None
        counts, method = np.asarray(record.identity["counts"]), composition
        if composition.decides and record.validation is not None:
            validation = record.validation
            method = composition.tuned(validation.probabilities.array(), validation.labels, counts)
        probabilities = record.test.probabilities.array()
        scores = np.asarray(method.hook("adjust")(probabilities, counts))
        if scores.shape != probabilities.shape or np.isnan(scores).any():
            raise UserError(f"{expression}: its decision does not give a number for each image and class")
        return Decided(scores, dict(record.chosen) | method.chosen)

    return decide


def figures_of(record: Record, decided: Decided, counts: Sequence[int]) -> dict[str, float]:
    """Return the test figures of one record under a decision, given the task's training counts."""
    assert record.test is not None
    return figures(record.test.labels, record.test.probabilities.array(), decided.scores, counts)
