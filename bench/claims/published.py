"""Published evidence: the paper's printed numbers, taken at their word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bench.papers.sahoo2020 import tables as paper
from bench.claims.witness import Estimate
from bench.analysis.layout import Key, Place, method_key

# Figures that the paper's text states beside its tables, about CelebA with 50 male images.
IN_THE_TEXT = {
    ("Vanilla", "recall_minority"): 0.08,
    ("Vanilla", "recall_majority"): 1.0,
    ("AUG", "recall_minority"): 0.736,
    ("ALT", "recall_minority"): 0.820,
    ("Vanilla", "precision_majority"): 0.52,
    ("AUG", "precision_majority"): 0.772,
    ("ALT", "precision_majority"): 0.826,
}


@dataclass(frozen=True)
class Published:
    """Figures by ((task, minority count), metric, method key). Without runs to look at, an interval is a point."""

    figures: Mapping[tuple[Place, str, Key], float]
    rows: Mapping[Place, tuple[str, ...]]

    def methods(self, task: str, count: int) -> tuple[str, ...]:
        """Return the rows of the table that has this column."""
        return self.rows.get((task, count), ())

    def level(self, task: str, count: int, metric: str, method: str, claims: int = 1) -> Estimate | None:
        """Return the printed number."""
        value = self.figures.get(((task, count), metric, method_key(method)))
        return None if value is None else Estimate(value, value, value)

    def difference(self, task: str, count: int, metric: str, a: str, b: str, claims: int = 1) -> Estimate | None:
        """Return the difference of two printed numbers of a column."""
        return _less(self.level(task, count, metric, a), self.level(task, count, metric, b))

    def growth(self, task: str, counts: tuple[int, int], metric: str, method: str, claims: int = 1) -> Estimate | None:
        """Return the difference of two printed numbers of a row."""
        first, last = counts
        return _less(self.level(task, last, metric, method), self.level(task, first, metric, method))


@cache
def published() -> Published:
    """Return the numbers of the paper's Tables 1 to 10 and of its text."""
    figures: dict[tuple[Place, str, Key], float] = {}
    rows: dict[Place, tuple[str, ...]] = {}
    for layout in (*paper.layouts(), paper.translation_layout()):
        for (key, place), value in layout.published.items():
            figures[place, layout.metric, key] = value
    for layout in paper.layouts():
        rows |= dict.fromkeys(layout.places, layout.methods)
    for (method, metric), value in IN_THE_TEXT.items():
        figures[("celeba", 50), metric, method_key(method)] = value
    return Published(figures, rows)


def _less(a: Estimate | None, b: Estimate | None) -> Estimate | None:
    if a is None or b is None:
        return None
    value = round(a.value - b.value, 10)  # printed decimals differ by decimals
    return Estimate(value, value, value)
