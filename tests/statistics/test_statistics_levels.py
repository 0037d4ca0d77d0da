"""The luck of what all seeds of a mean share, and of the test images, comes out as large as it is; if unsure, wide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.levels import Varied, covariance, lucks, pooled_luck
from bench.statistics.moderation import moderated
from bench.statistics.observed import Observed


def varied(rng: np.random.Generator, methods: int, draws: int, own: float, common: float) -> list[Varied]:
    """Return methods on the same draws, five seeds each with a standard deviation of 0.02."""
    shared = common * rng.standard_normal(draws)
    seeds = np.full(draws, 5)
    return [
        Varied(shared + own * rng.standard_normal(draws) + 0.02 / 5**0.5 * rng.standard_normal(draws), seeds, 0.02**2)
        for _ in range(methods)
    ]


def test_common_and_own_luck_are_told_apart() -> None:
    found = [lucks(varied(np.random.default_rng(seed), 4, 30, 0.03, 0.1)) for seed in range(40)]
    common, own = (np.mean([it.variance - it.within for it in each if it]) for each in zip(*found, strict=True))
    assert common**0.5 == pytest.approx(0.1, rel=0.1) and own**0.5 == pytest.approx(0.03, rel=0.1)


def test_few_draws_that_show_nothing_leave_it_possible_that_a_draw_matters() -> None:
    _, own = lucks(varied(np.random.default_rng(0), 3, 3, 0.0, 0.0))
    assert own and own.freedom == 5
    wide = own.variance * own.freedom / stats.chi2.ppf(0.1, own.freedom) - own.within  # as the posterior draws it
    assert 0.02**2 / 8 < wide < 0.02**2
    alone = lucks(varied(np.random.default_rng(0), 1, 3, 0.0, 0.0))
    assert alone[0] is None and alone[1] and alone[1].freedom == 3


def test_stages_of_several_methods_and_places_are_pooled() -> None:
    rng = np.random.default_rng(1)
    found = pooled_luck([it for _ in range(200) for it in varied(rng, 1, 3, 0.05, 0.0)])
    assert (found.variance - found.within) ** 0.5 == pytest.approx(0.05, rel=0.1) and found.freedom == 401


@pytest.mark.parametrize("asked", [lucks, pooled_luck])
def test_one_draw_shows_no_luck(asked: object) -> None:
    with pytest.raises(ValueError, match="of one draw nothing varies"):
        asked([Varied(np.array([0.5]), np.array([5]), 0.01)])  # type: ignore[operator]


def influences(rng: np.random.Generator, methods: int, own: float, images: int = 400) -> list[np.ndarray]:
    """Return what images do to methods that share most of it, with a run's luck of its own in each of five seeds."""
    shared = rng.standard_normal(images)
    return [
        (shared + own * rng.standard_normal(images) + rng.standard_normal((5, images))) / images for _ in range(methods)
    ]


def test_what_methods_share_of_an_image_is_no_difference_and_a_runs_luck_with_it_is_none_of_its() -> None:
    found = []
    for seed in range(30):
        matrix = covariance(influences(np.random.default_rng(seed), 4, 0.5), np.zeros(4, int))
        found.append([matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1], matrix.mean()])
    difference, mean = np.mean(found, axis=0) * 400
    assert difference == pytest.approx(2 * 0.5**2, rel=0.15)
    assert mean == pytest.approx(1 + 0.5**2 / 4 + 1 / 20, rel=0.1)


def test_methods_that_err_more_do_not_lift_the_others_above_what_was_seen() -> None:
    """Peelle's pertinent puzzle: variances that grow with the error would explain all errors by a hard test set."""
    rng = np.random.default_rng(0)
    hard = (rng.random(300) < 0.3) / 300
    rows = [np.tile(scale * (hard - hard.mean()), (5, 1)) for scale in (1.0, 2.0, 3.0)]
    matrix = covariance(rows, np.zeros(3, int)) + 1e-6 * np.eye(3)
    seen = np.array([0.95, 0.90, 0.85])
    weights = np.linalg.solve(matrix, np.ones(3))
    assert seen.min() <= weights @ seen / weights.sum() <= seen.max()


def test_a_variance_over_few_seeds_moves_towards_that_of_its_place_and_not_of_all() -> None:
    variances = np.array([[0.04, 1e-4], [0.05, 2e-4], [0.03, 1e-4], [0.06, 4e-4]])
    shape = variances.shape
    seen = Observed(np.zeros(shape), variances, np.full(shape, 5), np.zeros((8, 8)), np.array([3.0, 5.0]))
    found = moderated(seen, None, 1)[0]
    assert (found[:, 0] > 0.02).all() and (found[:, 1] < 1e-3).all()
    assert np.ptp(np.log(found[:, 1])) < np.ptp(np.log(variances[:, 1]))
