"""Moved: how much of what methods gain at the smallest count is a moved threshold, and which of them train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.analysis.advice import Belief, belief
from bench.analysis.baseline import plain
from bench.analysis.believed import ACSA, TUNED, effect
from bench.findings.printing import percent
from bench.findings.study import Study


def of_kinds(studies: Sequence[Study]) -> Iterator[tuple[str, list[Study], Belief]]:
    """Give each kind of network, in words, with its studies and what share of their gains is a moved threshold."""
    for words, frozen in (
        ("where the last layer alone is trained", True),
        ("where the whole network is trained", False),
    ):
        mine = [it for it in studies if it.frozen == frozen]
        if (share := moved(mine)) is not None:
            yield words, [it for it in mine if trained_rows(it)], share


def moved(studies: Sequence[Study]) -> Belief | None:
    """Return the share of what methods gain that help and train that is a moved threshold, None where there is none.

    Every study weighs the same.
    """
    some = [it for it in studies if trained_rows(it)]
    if not some:
        return None
    # All draws come from the same random numbers: without a shift, two studies, or two figures, would err together.
    gain, left = (
        np.mean([np.roll(drawn_gains(it, metric), 2 * k + shift) for k, it in enumerate(some)], axis=0)
        for shift, metric in enumerate((ACSA, TUNED))
    )
    ends = belief(np.clip(1 - left / np.where(gain > 0, gain, np.inf), 0, 1))
    return replace(ends, mean=float(np.clip(1 - left.mean() / gain.mean(), 0, 1)))


def in_shares(found: Belief) -> str:
    """Return a share with the ends that hold it with probability 0.9."""
    ends = [percent(found.low), percent(found.high)]
    return percent(found.mean) if ends[0] == ends[1] else f"{percent(found.mean)} ({ends[0]} to {ends[1]})"


def helping(study: Study, metric: str = ACSA) -> list[str]:
    """Return the methods that surely beat the baseline in a metric at the smallest count."""
    there = study.believed.at(study.rarest)
    return [name for name in there if effect(study.believed.gain(metric, name, study.rarest)) == "helps"]


def trained_rows(study: Study) -> list[str]:
    """Return the methods that help and train: of rows that read the baseline's own fits a threshold is all there is."""
    return [name for name in helping(study) if name not in threshold_rows(study)]


def few_seeds(study: Study) -> list[str]:
    """Return the rows that have some of the seeds that they were asked for, and not all."""
    absent = study.absent.get(study.rarest, ())
    return [name for name in study.believed.at(study.rarest) if any(row.startswith(f"{name} (") for row in absent)]


def threshold_rows(study: Study) -> list[str]:
    """Return the rows that read the baseline's own fits: theirs is a threshold made of class counts."""
    it, place = study.believed, study.rarest
    own = it.records.get((plain(), place))
    return [name for name in other_rows(study) if it.records[name, place] == own]


def other_rows(study: Study) -> list[str]:
    return [name for name in study.believed.at(study.rarest) if name != plain()]


def drawn_gains(study: Study, metric: str) -> np.ndarray:
    """Return draws of the mean gain of the methods that help and train, float (D,)."""
    each = [study.believed.gain(metric, name, study.rarest) for name in trained_rows(study)]
    found: np.ndarray = np.mean(each, axis=0)
    return found


def mean_gain(study: Study, metric: str, method: str) -> float:
    return float(study.believed.gain(metric, method, study.rarest).mean())
