"""Figures of every class: those of scikit-learn, with intervals that hold what they say and stay between 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from bench.statistics.by_class import FIGURES, by_class
from bench.statistics.outcomes import Outcomes


def made(counts: tuple[int, ...], right: float, seeds: int = 4, seed: int = 0, methods: int = 2) -> Outcomes:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    other = rng.integers(0, len(counts), (methods, seeds, len(labels)))
    decisions = np.where(rng.random(other.shape) < right, labels, other)
    return Outcomes("here", tuple("ab"[:methods]), labels, decisions, len(counts))


def test_means_are_those_of_scikit_learn() -> None:
    outcomes = made((40, 9, 5), 0.5)
    found = by_class(outcomes, draws=50)
    for m in range(2):
        each = [
            precision_recall_fscore_support(outcomes.labels, decided, zero_division=0)[:3]
            for decided in outcomes.decisions[m]
        ]
        precision, recall, f1 = np.mean(each, axis=0)
        for name, wanted in (("precision", precision), ("recall", recall), ("f1", f1)):
            np.testing.assert_allclose(found[name].mean[m], wanted)


@pytest.mark.parametrize("right", [0.0, 0.5, 1.0])
def test_intervals_stay_in_bounds_and_are_never_nothing(right: float) -> None:
    found = by_class(made((30, 3, 1), right), draws=100)
    for name in FIGURES:
        it = found[name]
        assert (it.low >= 0).all() and (it.high <= 1).all()
        assert (it.low <= it.mean).all() and (it.mean <= it.high).all() and (it.high - it.low > 0.005).all()
    recall = found["recall"]
    assert (np.diff(recall.high - recall.low, axis=1) > -1e-9).all(), "the fewer images, the wider"


def test_three_images_found_by_every_seed_are_no_certainty() -> None:
    outcomes = made((30, 3), 1.0)
    assert by_class(outcomes, draws=50)["recall"].low[0, 1] < 0.5


def test_one_seed_has_no_interval() -> None:
    found = by_class(made((30, 3), 0.8, seeds=1))
    assert np.isnan(found["recall"].low).all() and np.isfinite(found["recall"].mean).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Images are hard or easy for all seeds alike; the true recall is the share of easy ones among all that exist."""
    rng, held, times = np.random.default_rng(0), 0, 200
    for _ in range(times):
        easy = rng.random(40) < 0.7
        luck = rng.random((1, 5, 40)) < 0.05
        decisions = np.where(easy ^ luck, 0, 1)
        labels = np.concatenate([np.zeros(40, int), np.ones(4, int)])
        both = np.concatenate([decisions, np.ones((1, 5, 4), int)], axis=2)
        found = by_class(Outcomes("here", ("a",), labels, both, 2), draws=200)["recall"]
        held += found.low[0, 0] <= 0.7 * 0.95 + 0.3 * 0.05 <= found.high[0, 0]
    assert 0.92 <= held / times <= 1.0
