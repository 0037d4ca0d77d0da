"""Merging: what to do where two stores hold a record of the same identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bench.record import Predictions, Record

Verdict = Literal["added", "upgraded", "same", "collision"]


@dataclass(frozen=True)
class Collision:
    """Two done records of one identity with different numbers: the work was not reproducible.

    `ours` and `theirs` are the environments. `fields` names what differs: in the outcome, in the environment as
    `environment.NAME` and in the code as `code.MODULE`. `difference` is the largest distance of two probabilities,
    or of two figures of a measurement, nan where they cannot be compared.
    """

    id: str
    ours: dict[str, str]
    theirs: dict[str, str]
    fields: tuple[str, ...]
    difference: float


@dataclass
class MergeReport:
    """What a merge did, by record id. Ours is kept in every collision; `busy` ones belong to a running job."""

    added: list[str] = field(default_factory=list)
    upgraded: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    collisions: list[Collision] = field(default_factory=list)


OUTCOME = ("selected_epoch", "chosen", "validation", "test", "extended", "figures", "answers")


def judge(ours: Record | None, theirs: Record) -> Verdict:
    """Say what becomes of their record. Done beats failed; two failures, or our done one, leave ours alone."""
    if ours is None:
        return "added"
    if theirs.status == "failed":
        return "same"
    if ours.status == "failed":
        return "upgraded"
    equal = all(getattr(ours, name) == getattr(theirs, name) for name in OUTCOME)
    return "same" if equal else "collision"


def collision(ours: Record, theirs: Record) -> Collision:
    """Describe two records that should have been equal."""
    fields = [name for name in OUTCOME if getattr(ours, name) != getattr(theirs, name)]
    fields += _differing("environment", ours.environment, theirs.environment)
    fields += _differing("code", ours.code, theirs.code)
    distances = [
        _distance(ours.validation, theirs.validation),
        _distance(ours.test, theirs.test),
        _between(ours.figures, theirs.figures),
    ]
    return Collision(ours.id, ours.environment, theirs.environment, tuple(fields), float(np.max(distances)))


def _differing(prefix: str, ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    return [f"{prefix}.{name}" for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]


def _between(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    if ours.keys() != theirs.keys():
        return float("nan")
    return max((abs(value - theirs[name]) for name, value in ours.items()), default=0.0)


def _distance(ours: Predictions | None, theirs: Predictions | None) -> float:
    if ours is None or theirs is None:
        return 0.0 if ours is theirs else float("nan")
    first, second = ours.probabilities.array(), theirs.probabilities.array()
    if first.shape != second.shape or not first.size:
        return float("nan") if first.shape != second.shape else 0.0
    return float(np.abs(first - second).max())
