"""The claim: a sentence with what it says of figures, in a small closed vocabulary."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from bench.analysis.compared import MADE
from bench.analysis.metrics import METRICS
from bench.claims.witness import INFINITE, At
from bench.errors import unknown
from bench.plan.sections import Strict

UNDECIDED: Literal["undecided at this noise"] = "undecided at this noise"
Verdict = Literal["reproduced", "contradicted", "undecided at this noise", "not run"]
LEVEL, MARGIN = 0.95, 0.01  # of a claim, where its file says nothing
MEASURED = "translation_accuracy"
GENERATED = {f"generated_{figure}": figure for figure in MADE}  # of generators, by what a claim calls them
OF_CLASS = re.compile(r"(recall|precision|f1)_(minority|majority|\d{1,9})")
# What decisions alone tell, so that it has an interval over seeds and test images.
DECIDED = tuple(name for name, metric in METRICS.items() if metric.compared or name in ("worst_recall", "g_mean"))


class Sentence(Strict):
    """What every claim has. It speaks of `method` in one task at each of some places, or at `at_least` so many of them.

    Places are `minority`, counts of the last of two classes where it is the rarer, or `at`, labels such as `exp 100`.
    `required` is the verdict that a gate insists on. `level` is that of the claim's intervals. `margin` is the
    difference, in the unit of the figure, that nobody would care about: a method that is surely higher by less does not
    beat another. `metric` is of the test set: one of the registry's that decisions alone tell, or recall, precision or
    F1 of a class, such as `recall_minority` or `f1_3`; except `translation_accuracy`, a measurement's: there `method`
    is a translator; and `generated_fid` and its like, where it is a generator.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    text: str = Field(min_length=1)
    source: str = ""
    task: str
    minority: tuple[int, ...] = ()
    at: tuple[str, ...] = ()
    metric: str
    method: str
    at_least: int | None = Field(None, ge=1)
    required: Verdict | None = None
    level: float = Field(LEVEL, gt=0.5, lt=1)
    margin: float = Field(MARGIN, ge=0)

    @field_validator("metric")
    @classmethod
    def _metric_exists(cls, name: str) -> str:
        if name in (*DECIDED, MEASURED, *GENERATED) or OF_CLASS.fullmatch(name):
            return name
        raise ValueError(
            unknown("metric", name, (*DECIDED, MEASURED, *GENERATED, "recall_minority", "recall_majority"))
        )

    @model_validator(mode="after")
    def _enough_places(self) -> Sentence:
        if not self.places:
            raise ValueError("it names no place: give `minority` or `at`")
        if self.at_least is not None and self.at_least > len(self.places):
            raise ValueError(f"at_least = {self.at_least} of {len(self.places)} places")
        return self

    @property
    def places(self) -> tuple[At, ...]:
        """The places that the claim speaks of."""
        return (*self.minority, *self.at)

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends between which the figure lies if the claim is true."""
        raise NotImplementedError

    @property
    def inside(self) -> bool:
        """Whether the claim is true between its bounds, not beyond them."""
        return True


class BeatsAll(Sentence):
    """`method` beats every other: those in `over`, or all rows of the paper's table there, or all that were run."""

    kind: Literal["best"]
    over: tuple[str, ...] = ()

    @property
    def bounds(self) -> tuple[float, float]:
        """Above the other."""
        return 0.0, INFINITE


class Beats(Sentence):
    """`method` is higher than each of `over`, by more than `by`."""

    kind: Literal["beats"]
    over: tuple[str, ...] = Field(min_length=1)
    by: float = Field(0.0, ge=0)

    @property
    def bounds(self) -> tuple[float, float]:
        """Above the other by more than `by`."""
        return self.by, INFINITE


class Differs(Sentence):
    """`method` and `over` lie farther apart than `by`, whichever is higher."""

    kind: Literal["differs"]
    over: str
    by: float = Field(gt=0)

    @property
    def bounds(self) -> tuple[float, float]:
        """As far apart as not to differ."""
        return -self.by, self.by

    @property
    def inside(self) -> bool:
        """It is true beyond."""
        return False


class Equal(Sentence):
    """`method` and `over` lie no farther apart than `within`."""

    kind: Literal["equal"]
    over: str
    within: float = Field(gt=0)

    @property
    def bounds(self) -> tuple[float, float]:
        """No farther apart."""
        return -self.within, self.within


class Below(Sentence):
    """`method` is below `threshold`."""

    kind: Literal["below"]
    threshold: float

    @property
    def bounds(self) -> tuple[float, float]:
        """Below the threshold."""
        return -INFINITE, self.threshold


class Above(Sentence):
    """`method` is above `threshold`."""

    kind: Literal["above"]
    threshold: float

    @property
    def bounds(self) -> tuple[float, float]:
        """Above the threshold."""
        return self.threshold, INFINITE


class Grows(Sentence):
    """`method` is higher at the second of two places than at the first, by more than `by`."""

    kind: Literal["grows"]
    by: float = Field(0.0, ge=0)
    at_least: None = None

    @model_validator(mode="after")
    def _two_places(self) -> Grows:
        if len(self.places) != 2:
            raise ValueError(f"it grows from one place to another, not over {len(self.places)}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Higher by more than `by`."""
        return self.by, INFINITE


Claim = Annotated[BeatsAll | Beats | Differs | Equal | Below | Above | Grows, Field(discriminator="kind")]


class Claims(Strict):
    """A file of claims; `citation` says whose they are, `level` and `margin` hold where a claim gives none."""

    citation: str = ""
    level: float = Field(LEVEL, gt=0.5, lt=1)
    margin: float = Field(MARGIN, ge=0)
    claims: tuple[Claim, ...]

    @model_validator(mode="before")
    @classmethod
    def _given_to_all(cls, values: Any) -> Any:
        """Give the file's level and margin to the claims that have none."""
        common = {key: values[key] for key in ("level", "margin") if key in values}
        claims = values.get("claims")
        if not common or not isinstance(claims, list):
            return values
        return {**values, "claims": [common | it if isinstance(it, dict) else it for it in claims]}

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Claims:
        ids = [claim.id for claim in self.claims]
        for id in ids:
            if ids.count(id) > 1:
                raise ValueError(f"the id {id!r} is given to two claims")
        return self


def rivals(claim: Claim) -> tuple[str, ...]:
    """Return the methods that a claim names beside its own."""
    over = getattr(claim, "over", ())
    return (over,) if isinstance(over, str) else tuple(over)
