"""Published figures as a witness: a paper's printed numbers, taken at their word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.analysis.spots import Key, Place, method_key, resolved
from bench.claims.witness import At, Told
from bench.papers.paper import Paper


@dataclass(frozen=True)
class Published:
    """Figures by (place, metric, method key). Without runs to look at, an interval is a point."""

    figures: Mapping[tuple[Place, str, Key], float] = field(default_factory=dict)
    rows: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)

    def methods(self, task: str, at: At) -> tuple[str, ...]:
        """Return the rows of the table that has this column."""
        return self.rows.get(self._place(task, at), ())

    def level(self, task: str, at: At, metric: str, method: str, confidence: float = 1.0) -> Told | None:
        """Return the printed number."""
        value = self.figures.get((self._place(task, at), metric, method_key(method)))
        return None if value is None else Told(value, value, value)

    def difference(self, task: str, at: At, metric: str, a: str, b: str, confidence: float = 1.0) -> Told | None:
        """Return the difference of two printed numbers of a column."""
        return _less(self.level(task, at, metric, a), self.level(task, at, metric, b))

    def growth(self, task: str, at: tuple[At, At], metric: str, method: str, confidence: float = 1.0) -> Told | None:
        """Return the difference of two printed numbers of a row."""
        first, last = at
        return _less(self.level(task, last, metric, method), self.level(task, first, metric, method))

    def _place(self, task: str, at: At) -> Place:
        return resolved(task, at, self.rows)


def published(paper: Paper | None) -> Published:
    """Return the numbers of a paper's tables and of its text."""
    if paper is None:
        return Published()
    rows = {place: layout.methods for layout in paper.tables for place in layout.places}
    tables = (*paper.tables, *([paper.translations.layout] if paper.translations else []))
    figures = {
        (place, layout.metric, key): value for layout in tables for (key, place), value in layout.published.items()
    }
    return Published(figures | dict(paper.stated), rows)


def _less(a: Told | None, b: Told | None) -> Told | None:
    if a is None or b is None:
        return None
    value = round(a.value - b.value, 10)  # printed decimals differ by decimals
    return Told(value, value, value)
