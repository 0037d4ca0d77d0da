"""Reweighting to another prior is exact: it equals weighting every image, and leaves what does not depend on shares."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from bench.statistics.confusion import accuracy, acsa, confusion_matrices, f1
from bench.statistics.priors import at_prior, curve, prior_path, reversed_prior, training_prior

LABELS = np.repeat([0, 1, 2], [10, 20, 30])
DECISIONS = np.where(np.random.default_rng(0).random(60) < 0.7, LABELS, np.random.default_rng(1).integers(0, 3, 60))
CONFUSION = confusion_matrices(LABELS, DECISIONS, 3)
COUNTS = np.array([450, 100, 25])


@pytest.mark.parametrize("prior", [(0.7, 0.2, 0.1), (1 / 3, 1 / 3, 1 / 3), (0.05, 0.05, 0.9)])
def test_figures_equal_scikit_learns_with_weighted_images(prior: tuple[float, ...]) -> None:
    weights = np.array(prior)[LABELS] / np.bincount(LABELS)[LABELS]
    moved = at_prior(CONFUSION, np.array(prior))
    expected = f1_score(LABELS, DECISIONS, average=None, sample_weight=weights)
    assert [float(f1(moved, k)) for k in range(3)] == pytest.approx(list(expected))
    assert accuracy(moved) == pytest.approx(accuracy_score(LABELS, DECISIONS, sample_weight=weights))


def test_acsa_does_not_depend_on_the_prior() -> None:
    values = curve(CONFUSION, prior_path(COUNTS), acsa).values
    np.testing.assert_allclose(values, acsa(CONFUSION))


def test_the_path_leads_from_training_over_uniform_to_reversed_shares() -> None:
    path = prior_path(COUNTS, steps=5)
    np.testing.assert_allclose(path[0], COUNTS / 575)
    np.testing.assert_allclose(path[2], 1 / 3)
    np.testing.assert_allclose(path[4], COUNTS[::-1] / 575)
    np.testing.assert_allclose(path.sum(axis=1), 1)
    assert (np.diff(path[:, 0]) < 0).all() and (np.diff(path[:, 2]) > 0).all()


def test_reversed_shares_go_by_rank_and_not_by_place() -> None:
    np.testing.assert_allclose(reversed_prior(np.array([30, 5, 10])), np.array([5, 30, 10]) / 45)
    np.testing.assert_allclose(reversed_prior(np.array([7, 7])), training_prior(np.array([7, 7])))


def test_the_worst_prior_for_the_f1_of_a_class_is_where_it_is_rarest() -> None:
    binary = confusion_matrices(LABELS.clip(0, 1), DECISIONS.clip(0, 1), 2)
    priors = prior_path(np.array([900, 50]))
    for k, rarest in ((1, priors[0]), (0, priors[-1])):
        found = curve(binary, priors, lambda confusion, k=k: f1(confusion, k))  # type: ignore[misc]
        value, prior = found.worst()
        np.testing.assert_array_equal(prior, rarest)
        assert value == found.values.min() < f1(binary, k)


def test_the_worst_prior_is_that_of_the_mean_over_runs() -> None:
    runs = np.stack([CONFUSION, CONFUSION.T])
    priors = prior_path(COUNTS)
    found = curve(runs, priors, accuracy)
    assert found.values.shape == (2, len(priors))
    assert found.worst()[0] == pytest.approx(found.values.mean(axis=0).min())


def test_a_class_without_images_cannot_be_given_a_share() -> None:
    with pytest.raises(ValueError, match="without test images"):
        at_prior(np.array([[3, 1], [0, 0]]), np.array([0.5, 0.5]))
    assert accuracy(at_prior(np.array([[3, 1], [0, 0]]), np.array([1.0, 0.0]))) == 0.75


@pytest.mark.parametrize("steps", [1, 4])
def test_a_path_without_a_middle_is_refused(steps: int) -> None:
    with pytest.raises(ValueError, match="no middle"):
        prior_path(COUNTS, steps)
