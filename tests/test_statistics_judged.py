"""Differences of shares that the same judges gave: against the library where one thing varies, else by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.judged import difference

RNG = np.random.default_rng(0)
LEVEL = 0.95


def half_width(a: np.ndarray, b: np.ndarray) -> float:
    found = difference(a, b).half_width(LEVEL)
    assert found is not None
    return found


def test_two_single_translators_are_paired_by_judge() -> None:
    a, b = RNG.uniform(size=(2, 1, 5))
    interval = stats.ttest_rel(a[0], b[0]).confidence_interval(LEVEL)
    assert difference(a, b).value == pytest.approx((interval.low + interval.high) / 2)
    assert half_width(a, b) == pytest.approx((interval.high - interval.low) / 2)


def test_one_judges_translators_are_welchs_two_samples_with_the_freedom_of_the_fewer() -> None:
    a, b = RNG.uniform(size=(5, 1)), RNG.uniform(size=(3, 1))
    welch = stats.ttest_ind(a[:, 0], b[:, 0], equal_var=False)
    interval = welch.confidence_interval(LEVEL)
    standard_error = (interval.high - interval.low) / 2 / stats.t.ppf((1 + LEVEL) / 2, welch.df)
    assert half_width(a, b) == pytest.approx(stats.t.ppf((1 + LEVEL) / 2, 2) * standard_error)


def test_what_varies_twice_never_has_a_smaller_interval_than_what_varies_once() -> None:
    found = difference(RNG.uniform(size=(5, 5)), RNG.uniform(size=(1, 5)))
    assert found.judges and found.translators
    both = found.half_width(LEVEL)
    assert both is not None and both > max(found.judges.half_width(LEVEL), found.translators.half_width(LEVEL))


def test_what_a_judge_does_to_all_translators_cancels() -> None:
    a, b, harsh = RNG.uniform(size=(5, 4)), RNG.uniform(size=(1, 4)), 100 * RNG.uniform(size=4)
    assert half_width(a + harsh, b + harsh) == pytest.approx(half_width(a, b))


def test_nothing_is_known_of_the_noise_of_one_look_at_one_translator() -> None:
    assert difference(np.array([[0.7]]), np.array([[0.4]])).half_width(LEVEL) is None
    assert half_width(np.full((2, 2), 0.7), np.full((1, 2), 0.4)) == 0


@pytest.mark.parametrize(("translators", "own"), [(0.1, 0.0), (0.1, 0.05), (0.02, 0.05), (0.0, 0.05)])
def test_its_interval_holds_the_truth_at_least_as_often_as_it_says(translators: float, own: float) -> None:
    """Five translators against one whose own luck is no question, before five judges; `own`: judge by translator."""
    held = 0
    for _ in range(1000):
        harsh = RNG.normal(0, 0.1, 5)
        a = harsh + RNG.normal(0, translators, (5, 1)) + RNG.normal(0, own, (5, 5))
        b = harsh + RNG.normal(0, own, (1, 5))
        held += abs(difference(a, b).value) <= half_width(a, b)
    assert held > 930
