"""The claim: a sentence with what it says of figures, in a small closed vocabulary."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bench.plan.config import Strict

UNDECIDED: Literal["undecided at this noise"] = "undecided at this noise"
Verdict = Literal["reproduced", "contradicted", "undecided at this noise", "not run"]
MetricName = Literal[
    "f1_minority",
    "f1_majority",
    "acsa",
    "recall_minority",
    "recall_majority",
    "precision_minority",
    "precision_majority",
    "translation_accuracy",
]


class Sentence(Strict):
    """What every claim has. It speaks of `method` in one task at each of `minority`, or at `at_least` so many of them.

    `required` is the verdict that a gate insists on. `metric` is of the test set, except `translation_accuracy`, which
    is a measurement's: there `method` is a translator, `CycleGAN` or `ALT`.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    text: str = Field(min_length=1)
    source: str = ""
    task: str
    minority: tuple[int, ...] = Field(min_length=1)
    metric: MetricName
    method: str
    at_least: int | None = Field(None, ge=1)
    required: Verdict | None = None

    @model_validator(mode="after")
    def _enough_counts(self) -> Sentence:
        if self.at_least is not None and self.at_least > len(self.minority):
            raise ValueError(f"at_least = {self.at_least} of {len(self.minority)} minority counts")
        return self


class Best(Sentence):
    """`method` beats every other: those in `over`, or all rows of the paper's table there, or all that were run."""

    kind: Literal["best"]
    over: tuple[str, ...] = ()


class Beats(Sentence):
    """`method` is higher than each of `over`, by more than `by`."""

    kind: Literal["beats"]
    over: tuple[str, ...] = Field(min_length=1)
    by: float = Field(0.0, ge=0)


class Differs(Sentence):
    """`method` and `over` lie farther apart than `by`, whichever is higher."""

    kind: Literal["differs"]
    over: str
    by: float = Field(gt=0)


class Equal(Sentence):
    """`method` and `over` lie no farther apart than `within`."""

    kind: Literal["equal"]
    over: str
    within: float = Field(gt=0)


class Below(Sentence):
    """`method` is below `threshold`."""

    kind: Literal["below"]
    threshold: float


class Above(Sentence):
    """`method` is above `threshold`."""

    kind: Literal["above"]
    threshold: float


class Grows(Sentence):
    """`method` is higher at the second of two minority counts than at the first, by more than `by`."""

    kind: Literal["grows"]
    minority: tuple[int, int]
    by: float = Field(0.0, ge=0)
    at_least: None = None


Claim = Annotated[Best | Beats | Differs | Equal | Below | Above | Grows, Field(discriminator="kind")]


class Claims(Strict):
    """A file of claims; `citation` says whose they are."""

    citation: str = ""
    claims: tuple[Claim, ...]

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
