"""The bootstrap draws seeds and images together, pairs methods, and has the variance that theory asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.statistics.bootstrap import drawable, interval, resampled_means
from bench.statistics.confusion import accuracy, acsa, f1
from bench.statistics.intervals import t_interval
from bench.statistics.outcomes import MISSING, Outcomes
from bench.statistics.spread import spread
from bench.statistics.synthetic import COLUMNS, synthetic_store

LABELS = np.repeat([0, 1], 30)


def outcomes(right: np.ndarray) -> Outcomes:
    """Return binary outcomes from which decisions (M, S, I) are right."""
    return Outcomes("1", tuple("ABC"[: len(right)]), LABELS, np.where(right, LABELS, 1 - LABELS))


def test_where_only_seeds_differ_the_variance_is_that_of_a_mean_over_seeds() -> None:
    right = np.zeros((1, 5, 60), dtype=bool)
    for s, classes in enumerate([(), (0,), (0, 1), (0, 1), (1,)]):  # a run finds all images of a class or none
        right[0, s, np.isin(LABELS, classes)] = True
    drawn = resampled_means(outcomes(right), acsa, draws=20_000)[:, 0]
    expected = np.var([0, 0.5, 1, 1, 0.5], ddof=1) / 5
    assert drawn.var() == pytest.approx(expected, rel=0.05)


def test_where_only_images_differ_the_variance_is_binomial_within_classes() -> None:
    found = np.arange(60) % 30 < np.where(LABELS == 0, 24, 15)
    drawn = resampled_means(outcomes(np.tile(found, (1, 5, 1))), acsa, draws=20_000)[:, 0]
    expected = (0.8 * 0.2 + 0.5 * 0.5) / 29 / 4
    assert drawn.var() == pytest.approx(expected, rel=0.05)
    assert drawn.mean() == pytest.approx(0.65, abs=0.005)


def test_methods_that_decide_alike_never_differ_in_a_draw() -> None:
    right = np.tile(np.random.default_rng(0).random((1, 5, 60)) < 0.7, (2, 1, 1))
    for value in (acsa, accuracy, lambda confusion: f1(confusion, 1)):
        drawn = resampled_means(outcomes(right), value, draws=300)
        np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])


def test_spread_of_a_difference_agrees_with_the_closed_form_on_the_wide_side() -> None:
    column = synthetic_store(3, columns=COLUMNS[2:3])[0]
    pair = replace(column, methods=column.methods[:2], decisions=column.decisions[:2])
    drawn = resampled_means(pair, acsa, draws=4000)
    theory = spread(pair.runs())
    exact, chance = theory.of_difference()[2, 0, 1], 2 * theory.chance[2].mean() / theory.seeds
    assert exact * 0.95 < (drawn[:, 0] - drawn[:, 1]).var() < (exact + 2 * chance) * 1.05


def test_the_same_seed_gives_the_same_draws_whatever_their_number() -> None:
    column = outcomes(np.random.default_rng(1).random((2, 5, 60)) < 0.7)
    first, again = (resampled_means(column, acsa, draws=600, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (600, 2)
    assert not np.array_equal(first, resampled_means(column, acsa, draws=600, seed=5))


def test_interval_covers_the_truth_of_other_seeds_and_images_where_that_over_seeds_alone_does_not() -> None:
    column, covered, by_seeds = COLUMNS[1:2], 0, 0
    true = sum(column[0].recalls) / 2
    for seed in range(60):
        store = synthetic_store(seed, columns=column)[0]
        alone = replace(store, methods=store.methods[:1], decisions=store.decisions[:1])
        figures = alone.runs().figures[2, 0]
        low, high = interval(figures, resampled_means(alone, acsa, draws=400, seed=seed)[:, 0])
        covered += low < true < high
        over_seeds = t_interval(figures)
        by_seeds += abs(true - over_seeds.mean) < (over_seeds.half_width or 0.0)
    assert stats.binomtest(covered, 60, 0.95).pvalue > 0.05
    assert stats.binomtest(by_seeds, 60, 0.95).pvalue < 0.001


def test_interval_is_students_where_only_seeds_vary() -> None:
    figures = np.array([0.7, 0.8, 0.9, 0.75, 0.85])
    drawn = np.array([-1.0, 1.0]) * np.sqrt(figures.var(ddof=1) / 5 / 2)  # of the variance of a mean over seeds
    expected = t_interval(figures)
    assert interval(figures, drawn) == pytest.approx((expected.low, expected.high))


def test_what_cannot_be_drawn_from_is_refused() -> None:
    right = np.ones((1, 1, 60), dtype=bool)
    holed = np.full((1, 5, 60), MISSING)
    alone = Outcomes("1", ("A",), LABELS[:31], np.zeros((1, 5, 31), np.int64))
    assert not drawable(outcomes(right)) and not drawable(alone)
    for column in (outcomes(right), Outcomes("1", ("A",), LABELS, holed), alone):
        with pytest.raises(ValueError, match="needs complete rows"):
            resampled_means(column, acsa)
