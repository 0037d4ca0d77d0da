"""Witness: figures with intervals that claims are judged by, from records or as a paper prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

INFINITE = float("inf")
At = int | str  # the count of the minority of two classes, or the label of a place


@dataclass(frozen=True)
class Told:
    """A level or a difference with its interval; an unbounded one says that nothing is known of its noise."""

    value: float
    low: float = -INFINITE
    high: float = INFINITE

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.value:.4f}"
        if self.high == INFINITE:
            return f"{self.value:.4f} (no interval)"
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


class Witness(Protocol):
    """What a claim may ask. Each answer is None where a run is lacking.

    `confidence` is that of the interval. What has no noise, such as a printed number, takes no notice of it.
    """

    def methods(self, task: str, at: At) -> tuple[str, ...]:
        """Return the methods that have figures there."""

    def level(self, task: str, at: At, metric: str, method: str, confidence: float) -> Told | None:
        """Return the mean figure of a method."""

    def difference(self, task: str, at: At, metric: str, a: str, b: str, confidence: float) -> Told | None:
        """Return the figure of `a` less that of `b`."""

    def growth(self, task: str, at: tuple[At, At], metric: str, method: str, confidence: float) -> Told | None:
        """Return a method's figure at the second place less that at the first."""
