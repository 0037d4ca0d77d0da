"""The value in a table: a mean over runs that knows what it rests on, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.statistics.intervals import students

DECIMALS = 4
ENOUGH = 3  # runs from which on an interval says something: of two it is thirteen standard errors wide
DASH = "\N{EN DASH}"
ALIKE = "\N{ALMOST EQUAL TO}"
Flag = Literal["missing", "failed", "partial", "stale", "not applicable", "best", "alike"]
Kind = Literal["ours", "paper", "difference"]


def printed(value: float) -> str:
    """Return a number as all tables print it; zero has no sign."""
    return f"{round(value, DECIMALS) + 0.0:.{DECIMALS}f}"


@dataclass(frozen=True)
class Value:
    """A mean over seeds: `n` of `expected` runs are in it; `sd` is the sample's, None for fewer than two runs.

    `records` are the ids of the records that it rests on. `bounded` figures lie between 0 and 1.
    """

    mean: float | None = None
    sd: float | None = None
    n: int = 0
    expected: int = 0
    flags: frozenset[Flag] = frozenset()
    records: tuple[str, ...] = ()
    bounded: bool = False

    @property
    def printed(self) -> float | None:
        """The mean as a table prints it; ties and differences are judged by this number, which the reader sees."""
        return None if self.mean is None else round(self.mean, DECIMALS) + 0.0

    @property
    def complete(self) -> bool:
        """Whether every run that was asked for is in the mean."""
        return self.mean is not None and self.n == self.expected

    def text(self, kind: Kind = "ours") -> str:
        """Return the number, with a sign if it is a difference, or the word that stands in its place."""
        if self.printed is None:
            return "failed" if "failed" in self.flags else "n/a" if "not applicable" in self.flags else DASH
        return f"{self.printed:{'+' if kind == 'difference' and self.printed else ''}.{DECIMALS}f}"

    @property
    def half_width(self) -> float | None:
        """Half the width of the mean's 95 % interval over runs (Student's t), None for too few to say.

        Of a bounded figure it is no more than would reach both bounds.
        """
        if self.sd is None or self.mean is None or self.n < ENOUGH:
            return None
        width: float = students(0.95, self.n - 1) * self.sd / self.n**0.5
        return min(width, max(self.mean, 1 - self.mean)) if self.bounded else width

    def spread(self, interval: bool) -> str:
        """Return half the width of its interval as it follows the number, if it is wanted and there is one."""
        return f" ± {self.half_width:.{DECIMALS}f}" if interval and self.half_width is not None else ""

    @property
    def is_alike(self) -> bool:
        """Whether `≈` stands at the number: it cannot be told from the best, and is not the best itself."""
        return "alike" in self.flags and "best" not in self.flags

    @property
    def lacks(self) -> str:
        """Return what says that runs are lacking, or that code has changed since."""
        lacking = f" ({self.n}/{self.expected})" if "partial" in self.flags else ""
        return lacking + ("†" if "stale" in self.flags else "")

    def marks(self, interval: bool) -> str:
        """Return all that follows the number."""
        return self.spread(interval) + (ALIKE if self.is_alike else "") + self.lacks
