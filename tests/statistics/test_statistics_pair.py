"""Two named rows are one comparison: paired by seed, wider by the luck of images, silent about what one run says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.outcomes import Runs
from bench.statistics.pair import difference_interval
from bench.statistics.worlds import KINDS, Kind, world


def runs(figures: np.ndarray, influences: np.ndarray | None = None) -> Runs:
    """Return two rows (2, S) of one metric about 40 images of two classes."""
    labels = np.repeat([0, 1], 20)
    none = np.zeros((*figures.shape, 40)) if influences is None else influences
    return Runs("25", ("A", "B"), ("f1",), labels, figures[None], none[None])


def test_without_luck_of_images_it_is_students_paired_interval() -> None:
    figures = np.random.default_rng(0).normal([[0.8], [0.7]], 0.02, (2, 5)) + np.linspace(0, 0.3, 5)
    value, low, high = difference_interval(runs(figures), "f1", 0.9)
    wanted = stats.ttest_rel(*figures).confidence_interval(0.9)
    assert (low, high) == pytest.approx((wanted.low, wanted.high)) and value == pytest.approx((low + high) / 2)


def test_luck_of_images_widens_it_and_what_both_rows_share_does_not() -> None:
    rng = np.random.default_rng(1)
    figures = rng.normal(0.8, 0.02, (2, 5))
    image = 0.02 * rng.standard_normal(40)
    shared = np.broadcast_to(image, (2, 5, 40))
    own = shared * np.array([1.0, 0.0])[:, None, None]
    plain, same, wide = (difference_interval(runs(figures, it), "f1", 0.95) for it in (None, shared, own))
    assert same == pytest.approx(plain) and wide[2] - wide[1] > plain[2] - plain[1]


def test_one_run_says_nothing_of_its_noise() -> None:
    assert difference_interval(runs(np.array([[0.9], [0.2]])), "f1", 0.95)[1:] == (-np.inf, np.inf)
    with pytest.raises(ValueError, match="two rows, not 1"):
        difference_interval(runs(np.zeros((2, 5))).of(("A",), ("f1",)), "f1", 0.95)


def test_a_world_is_the_same_every_time_and_its_runs_scatter_around_its_truth() -> None:
    first, again = world(KINDS[-1], 3), world(KINDS[-1], 3)
    assert np.array_equal(first.figures, again.figures) and np.array_equal(first.true, again.true)
    stores = [world(Kind("equal", shared=False), seed, np.zeros((14, 4))) for seed in range(4)]
    assert all(np.ptp(it.true, axis=0).max() < 1e-9 for it in stores), "equal methods are equal"
    away = np.mean([it.figures.mean(axis=(0, 2)) - it.true.mean(axis=0) for it in stores], axis=0)
    assert abs(away).max() < 0.04


def test_what_a_world_shows_is_what_was_run() -> None:
    store, seeds = world(KINDS[0], 0), np.full((14, 4), 5)
    seeds[2, 1] = 9
    seen = store.observed(seeds)
    assert seen.means[2, 1] == pytest.approx(store.figures[2, 1, :9].mean())
    assert seen.variances[3, 1] == pytest.approx(store.figures[3, 1, :5].var(ddof=1))
    assert seen.images.shape == (56, 56) and np.linalg.eigvalsh(seen.images).min() > -1e-9
