"""Differences of shares that the same judges gave: against the library where one thing varies, else by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.judged import Judged, Varying, difference, luck, mean

LEVEL = 0.95


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def column(*groups: np.ndarray) -> list[Judged]:
    """Return groups that share the luck of those of them that were trained several times."""
    return [Judged(shares, luck(groups)) for shares in groups]


def half_width(found: Varying) -> float:
    width = found.half_width(LEVEL)
    assert width is not None
    return width


def test_two_single_translators_are_paired_by_judge(rng: np.random.Generator) -> None:
    a, b = rng.uniform(size=(2, 1, 5))
    interval = stats.ttest_rel(a[0], b[0]).confidence_interval(LEVEL)
    found = difference(*column(a, b))
    assert found.value == pytest.approx((interval.low + interval.high) / 2)
    assert half_width(found) == pytest.approx((interval.high - interval.low) / 2)
    assert found.translators is None, "nobody knows their luck"


@pytest.mark.parametrize("translators", [1, 3])
def test_one_judges_translators_are_students_two_samples(rng: np.random.Generator, translators: int) -> None:
    """Of a single one Student's test for an outlier: it has the spread of the others."""
    a, b = rng.uniform(size=(5, 1)), rng.uniform(size=(translators, 1))
    interval = stats.ttest_ind(a[:, 0], b[:, 0]).confidence_interval(LEVEL)
    assert half_width(difference(*column(a, b))) == pytest.approx((interval.high - interval.low) / 2)


def test_a_mean_is_students_where_one_thing_varies(rng: np.random.Generator) -> None:
    for shares in (rng.uniform(size=(1, 5)), rng.uniform(size=(5, 1))):
        interval = stats.ttest_1samp(shares.ravel(), 0).confidence_interval(LEVEL)
        (group,) = column(shares)
        assert mean(group).value == pytest.approx(shares.mean())
        assert half_width(mean(group)) == pytest.approx((interval.high - interval.low) / 2)


def test_what_varies_twice_never_has_a_smaller_interval_than_what_varies_once(rng: np.random.Generator) -> None:
    found = difference(*column(rng.uniform(size=(5, 5)), rng.uniform(size=(1, 5))))
    assert found.judges and found.translators
    assert half_width(found) > max(found.judges.half_width(LEVEL), found.translators.half_width(LEVEL))


def test_what_a_judge_does_to_all_translators_cancels(rng: np.random.Generator) -> None:
    a, b, harsh = rng.uniform(size=(5, 4)), rng.uniform(size=(1, 4)), 100 * rng.uniform(size=4)
    assert half_width(difference(*column(a + harsh, b + harsh))) == pytest.approx(half_width(difference(*column(a, b))))


def test_a_translator_taken_as_it_is_has_no_luck(rng: np.random.Generator) -> None:
    shares, start = rng.uniform(size=(5, 5)), rng.uniform(size=(1, 5))
    known = luck([shares])
    found = difference(Judged(shares, known), Judged(start))
    assert known and found.translators and found.translators.variance == pytest.approx(known.variance / 5)


def test_nothing_is_known_of_the_noise_of_one_look_at_one_translator() -> None:
    assert difference(*column(np.array([[0.7]]), np.array([[0.4]]))).half_width(LEVEL) is None
    assert half_width(difference(*column(np.full((2, 2), 0.7), np.full((1, 2), 0.4)))) == 0


@pytest.mark.parametrize(("translators", "own"), [(0.1, 0.0), (0.1, 0.05), (0.055, 0.02), (0.02, 0.05), (0.0, 0.05)])
def test_its_interval_holds_the_truth_at_least_as_often_as_it_says(
    rng: np.random.Generator, translators: float, own: float
) -> None:
    """Five translators against one, all with luck, before five judges; `own`: of one judge with one translator."""
    groups = [alike(rng, translators, own) for _ in range(1000)]
    assert sum(covered(*column(a, b)) for a, b in groups) > 930


def test_it_would_not_without_the_luck_of_the_single_translator(rng: np.random.Generator) -> None:
    groups = [alike(rng, 0.055, 0.02) for _ in range(1000)]
    assert 680 < sum(covered(Judged(a, luck([a])), Judged(b)) for a, b in groups) < 780


def alike(rng: np.random.Generator, translators: float, own: float) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of five translators and of one more that nothing but luck sets apart."""
    harsh = rng.normal(0, 0.1, 5)
    a, b = (harsh + rng.normal(0, translators, (n, 1)) + rng.normal(0, own, (n, 5)) for n in (5, 1))
    return a, b


def covered(a: Judged, b: Judged) -> bool:
    found = difference(a, b)
    return abs(found.value) <= half_width(found)
