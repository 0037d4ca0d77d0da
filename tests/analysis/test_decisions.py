"""A decision that chooses its one number does so on validation data, and the cells' frame says which it chose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import plugged
from small_reports import cell

from bench.analysis.columns import columns
from bench.analysis.decisions import decision_of
from bench.analysis.frame import frame
from bench.expression import Expression
from bench.record import Predictions, Record

SHIFT = """
from dataclasses import dataclass
import numpy as np

@register("Shift")
class Shift(Method):
    def __init__(self, by: float = 0.0) -> None:
        self.by = by
    def adjust(self, probabilities, counts):
        return probabilities + np.array([0.0, self.by])
    def tuned(self, probabilities, labels, counts):
        right = lambda by: ((probabilities[:, 1] + by > probabilities[:, 0]) == labels).mean()
        return Shift(max((0.0, 0.25, 0.5), key=right))
    @property
    def chosen(self):
        return {"by": self.by}
"""
LABELS = np.repeat([0, 1], 10)


def said(rare: float) -> Predictions:
    """Return predictions that give every image of the minority this probability, all others 0.1."""
    chance = np.where(LABELS == 1, rare, 0.1)
    return Predictions.of(LABELS, np.c_[1 - chance, chance])


def test_the_number_is_chosen_on_validation_images_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged(monkeypatch, tmp_path, SHIFT, "shift_plugin.py")
    record = Record(
        id="a", identity={"counts": [900, 100]}, status="done", validation=said(0.4), test=said(0.3), selected_epoch=1
    )
    decided = decision_of(Expression.parse("Shift"))(record)
    assert decided.chosen == {"by": 0.25}, "the test images would have asked for 0.5"
    assert decided.scores.argmax(axis=1).tolist() == [0] * 20
    cells = [cell("d", "Shift", 100, 0, "a"), cell("d", "Vanilla", 100, 0, "a")]
    rows = frame(cells, {"a": record}.get, decision_of, lambda made: False)
    assert list(rows["chosen"]) == ["by=0.25", ""]
    (column,) = columns(cells, {"a": record}.get, decision_of).values()
    assert column.decisions[0].tolist() == [decided.scores.argmax(axis=1).tolist()]
