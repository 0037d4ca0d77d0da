"""A threshold lies where the mean recall is best, and scores that are cut there keep their order."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.cutting import best_cut, recut


def mean_recall(positive: np.ndarray, called: np.ndarray) -> float:
    """Return the mean of both recalls."""
    return float((called[positive].mean() + (~called[~positive]).mean()) / 2)


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(60) < 0.3
    positive[:2] = True, False
    scores = np.round(1 / (1 + np.exp(-(positive * 1.5 + rng.standard_normal(60) - 2))), 2)  # with ties
    cut = best_cut(positive, scores)
    others = [mean_recall(positive, scores > it) for it in np.linspace(-0.01, 1.01, 1500)]
    assert mean_recall(positive, scores > cut) == pytest.approx(max(others))
    assert cut not in scores, "no image lies on it"


def test_of_equally_good_thresholds_the_middle_one_is_taken() -> None:
    assert best_cut(np.array([False, True]), np.array([0.2, 0.6])) == pytest.approx(0.4)
    wide = np.array([0.1, 0.2, 0.7, 0.8])
    assert best_cut(np.array([False, False, True, True]), wide) == pytest.approx(0.45)


def test_scores_that_are_cut_keep_their_order_and_are_decided_by_one_half() -> None:
    scores = np.r_[0.0, np.geomspace(1e-9, 0.999, 50), 1.0]
    for cut in (1e-6, 0.03, 0.5, 0.99):
        moved = recut(scores, cut)
        assert ((moved > 0.5) == (scores > cut)).all()
        assert (np.diff(moved) >= 0).all() and moved[0] == 0 and moved[-1] == 1
    assert recut(scores, 0.5) == pytest.approx(scores)


def test_a_threshold_needs_both_sides() -> None:
    for positive in ([True, True], [False, False]):
        with pytest.raises(ValueError, match="both classes"):
            best_cut(np.array(positive), np.array([0.1, 0.9]))
