"""Rank agreement: Kendall's tau as scipy has it, and intervals that hold the true one as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.agreement import agreement, kendall

DRAWS = 2000


def test_tau_is_scipys_with_ties_too() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 5, (30, 8)), rng.integers(0, 5, (30, 8))
    expected = [stats.kendalltau(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert kendall(first, second) == pytest.approx(np.array(expected))
    assert np.isnan(kendall(np.ones(4), np.arange(4.0)))


def drawn(means: np.ndarray, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Return draws around means."""
    return means + sd * rng.standard_normal((DRAWS, len(means)))


def test_the_same_order_agrees_and_a_reversed_one_does_not() -> None:
    rng, means = np.random.default_rng(2), np.arange(8.0)
    same = agreement(drawn(means, 0.05, rng), drawn(3 * means, 0.05, rng), rng)
    other = agreement(drawn(means, 0.05, rng), drawn(-means, 0.05, rng), rng)
    assert same and (same.tau, same.low, same.positive) == pytest.approx((1.0, 1.0, 1.0))
    assert other and (other.tau, other.high, other.positive) == pytest.approx((-1.0, -1.0, 0.0))


def test_methods_that_nobody_can_tell_apart_agree_with_nothing_for_sure() -> None:
    rng = np.random.default_rng(3)
    found = agreement(drawn(np.zeros(12), 1.0, rng), drawn(np.arange(12.0), 0.1, rng), rng)
    assert found and found.low < -0.2 and found.high > 0.2 and abs(found.tau) < 0.1


def test_draws_of_the_same_random_numbers_are_no_agreement() -> None:
    rng = np.random.default_rng(4)
    luck = drawn(np.zeros(10), 1.0, rng)
    found = agreement(luck, luck.copy(), rng)
    assert found and found.low < -0.5 and found.high > 0.5 and abs(found.tau) < 0.3


@pytest.mark.parametrize("sd", [0.3, 0.7])
def test_the_interval_holds_the_true_tau_about_as_often_as_it_says(sd: float) -> None:
    rng, held, off = np.random.default_rng(5), [], []
    shrunk = 1 / (1 + sd**2)  # the posterior of a true mean whose prior is N(0, 1)
    for rho in np.repeat([-0.8, -0.4, 0.0, 0.4, 0.8], 20):
        truths = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 10).T
        seen = [truth + sd * rng.standard_normal(10) for truth in truths]
        ours, theirs = (drawn(shrunk * it, sd * shrunk**0.5, rng) for it in seen)
        found, true = agreement(ours, theirs, rng), float(kendall(truths[0], truths[1]))
        assert found
        held.append(found.low <= true <= found.high)
        off.append((found.tau - true) * np.sign(rho))
        again = agreement(ours, theirs, np.random.default_rng(6))
        assert again and abs(again.tau - found.tau) < 0.25, "no few pairs are the answer"
    assert 0.82 < np.mean(held) < 0.99
    assert abs(np.mean(off)) < 0.1, "two posteriors that do not know of each other would be 0.2 off at the larger noise"


def test_two_methods_have_no_order_to_compare_and_shapes_must_fit() -> None:
    rng = np.random.default_rng(6)
    assert agreement(np.zeros((9, 2)), np.zeros((9, 2)), rng) is None
    assert agreement(np.zeros((9, 3)), np.zeros((9, 3)), rng) is None, "no draw tells any two apart"
    with pytest.raises(ValueError, match="make no pairs"):
        agreement(np.zeros((9, 3)), np.zeros((9, 4)), rng)
