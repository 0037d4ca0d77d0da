"""Figure: a printed number that says what it is and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.analysis.value import printed

# mean, low, high, sd, half_width (of the 95 % interval): of a cell over its seeds. run: of one seed.
# difference: of two means, `against` names the other.
# margin: what stands after ± there. wins: seeds in which the first is above. rank: mean rank. floor: the smallest
# difference that so few seeds can see. other: a number of another kind, as the words around it say. text: a word, or
# (against `paper`) a number that the paper prints.
Statistic = Literal[
    "mean", "low", "high", "sd", "half_width", "run", "difference", "margin", "wins", "rank", "floor", "other", "text"
]

CELL = ("data-task", "data-place", "data-method", "data-metric")
DIGITS = 6  # decimals of a number that programs read


@dataclass(frozen=True)
class Figure:
    """One number as it is printed.

    Attributes
    ----------
    value
        The number before rounding; None where words stand in its place.
    against
        For a difference: the method whose mean is taken off, or `paper`. For a text: `paper` if it is its number.
    records
        Ids of the records that it rests on.
    """

    statistic: Statistic
    text: str
    value: float | None = None
    task: str = ""
    place: str = ""
    method: str = ""
    metric: str = ""
    against: str = ""
    seed: int | None = None
    records: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def attributes(self) -> dict[str, str]:
        """The `data-` attributes of the element that prints it; what is not set is left out."""
        known = {
            "figure": self.statistic,
            "task": self.task,
            "place": self.place,
            "method": self.method,
            "metric": self.metric,
            "against": self.against,
            "seed": self.seed,
            "value": None if self.value is None else repr(round(float(self.value), DIGITS)),
        }
        return {f"data-{name}": str(value) for name, value in known.items() if value not in (None, "")}

    @property
    def cell(self) -> dict[str, str]:
        """Those of them that say which cell it is of; an element around several figures may carry them."""
        return {name: value for name, value in self.attributes.items() if name in CELL}

    @property
    def own(self) -> dict[str, str]:
        """The others."""
        return {name: value for name, value in self.attributes.items() if name not in CELL}


Words = tuple[str | Figure, ...]  # a sentence whose numbers know what they are


def number(value: float, records: tuple[str, ...] = (), text: str = "", **what: str) -> Figure:
    """Return a number that stands in a listing; `text` is how it is printed, if not with four decimals."""
    return Figure("other", text or printed(value), float(value), records=records, **what)  # type: ignore[arg-type]
