"""Figure: a printed number that says what it is, so that a reader's program can compute it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.report.table import DECIMALS

# mean, low, high, sd, half_width (of the 95 % interval): of a cell over its seeds. run: of one seed.
# difference: of two means, `against` names the other.
# margin: what stands after ± there. wins: seeds in which the first is above. rank: mean rank. floor: the smallest
# difference that so few seeds can see. text: a word, or (against `paper`) a number that the paper prints.
Statistic = Literal[
    "mean", "low", "high", "sd", "half_width", "run", "difference", "margin", "wins", "rank", "floor", "text"
]

CELL = ("data-task", "data-minority", "data-method", "data-metric")
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
    """

    statistic: Statistic
    text: str
    value: float | None = None
    task: str = ""
    minority: int | None = None
    method: str = ""
    metric: str = ""
    against: str = ""
    seed: int | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """The `data-` attributes of the element that prints it; what is not set is left out."""
        known = {
            "figure": self.statistic,
            "task": self.task,
            "minority": self.minority,
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


def printed(value: float) -> str:
    """Return a number as all tables print it; zero has no sign."""
    return f"{round(value, DECIMALS) + 0.0:.{DECIMALS}f}"
