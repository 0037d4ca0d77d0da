"""Every figure equals scikit-learn's, also where a class is absent or never predicted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from sklearn import metrics as reference

from bench.analysis import metrics


@st.composite
def outcomes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels (N,) and probabilities (N, K) with many ties; often a class is absent or never predicted."""
    n_classes, n = draw(st.integers(2, 4)), draw(st.integers(1, 30))
    present = draw(st.lists(st.integers(0, n_classes - 1), min_size=1, unique=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(0, 4, size=(n, n_classes)) + np.eye(n_classes)[rng.choice(present, n)]
    return rng.choice(present, n), weights / weights.sum(axis=1, keepdims=True)


@given(outcomes())
def test_counts_and_ratios_equal_scikit_learn(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    n_classes, predictions = probabilities.shape[1], probabilities.argmax(axis=1)
    classes = list(range(n_classes))
    confusion = metrics.confusion_matrix(labels, predictions, n_classes)
    np.testing.assert_array_equal(confusion, reference.confusion_matrix(labels, predictions, labels=classes))
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        labels, predictions, labels=classes, zero_division=0
    )
    np.testing.assert_allclose(metrics.precisions(confusion), precision)
    np.testing.assert_allclose(metrics.recalls(confusion), recall)
    np.testing.assert_allclose(metrics.f1_scores(confusion), f1)
    assert metrics.accuracy(confusion) == pytest.approx(reference.accuracy_score(labels, predictions))


@given(outcomes())
def test_means_over_classes_leave_absent_classes_out(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    predictions = probabilities.argmax(axis=1)
    confusion = metrics.confusion_matrix(labels, predictions, probabilities.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of a predicted class that has no image
        assert metrics.acsa(confusion) == pytest.approx(reference.balanced_accuracy_score(labels, predictions))
    present = np.unique(labels)
    expected = geometric_mean_score(labels, predictions, labels=present, average="multiclass")
    assert metrics.g_mean(confusion) == pytest.approx(expected)


@given(outcomes())
def test_rankings_equal_scikit_learn_with_ties(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    for k, auc in enumerate(metrics.roc_auc_one_vs_rest(labels, probabilities)):
        positive, scores = labels == k, probabilities[:, k]
        if positive.all() or not positive.any():
            assert np.isnan(auc)
        else:
            assert auc == pytest.approx(reference.roc_auc_score(positive, scores))
        if positive.any():
            expected = reference.average_precision_score(positive, scores)
            assert metrics.average_precision(positive, scores) == pytest.approx(expected)
        else:
            assert np.isnan(metrics.average_precision(positive, scores))


@given(outcomes())
def test_cross_entropy_equals_log_loss(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    soft = 0.98 * probabilities + 0.02 / probabilities.shape[1]
    expected = reference.log_loss(labels, soft, labels=list(range(probabilities.shape[1])))
    assert metrics.cross_entropy(labels, soft) == pytest.approx(expected)


def test_cross_entropy_of_a_sure_mistake_is_finite() -> None:
    assert metrics.cross_entropy(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(-np.log(1e-12))


def test_a_class_never_predicted_has_f1_zero() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    values = metrics.figures(labels, np.tile([0.9, 0.1], (5, 1)))
    assert values["f1_minority"] == values["precision_1"] == values["recall_1"] == values["g_mean"] == 0
    assert values["f1_majority"] == pytest.approx(0.75)
    assert values["acsa"] == 0.5
    assert values["roc_auc"] == 0.5


def test_an_absent_class_leaves_the_other_classes_figures_alone() -> None:
    values = metrics.figures(np.array([0, 0, 1]), np.array([[0.8, 0.2, 0], [0.1, 0.9, 0], [0.2, 0.8, 0]]))
    assert values["recall_2"] == values["f1_2"] == 0
    assert values["acsa"] == pytest.approx(0.75)
    assert np.isnan(values["roc_auc"])


def test_scores_change_the_decision_but_not_the_ranking() -> None:
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    plain = metrics.figures(labels, probabilities)
    shifted = metrics.figures(labels, probabilities, probabilities / [0.75, 0.25])
    assert (plain["f1_minority"], shifted["f1_minority"]) == (0, 1)
    assert (plain["roc_auc"], plain["average_precision"]) == (shifted["roc_auc"], shifted["average_precision"])


def test_minority_and_majority_are_the_callers() -> None:
    labels, probabilities = np.array([0, 1, 1, 2]), np.eye(3)[[0, 1, 0, 1]]
    values = metrics.figures(labels, probabilities, minority=0, majority=1)
    assert (values["f1_minority"], values["f1_majority"]) == (values["f1_0"], values["f1_1"])


@pytest.mark.parametrize(("counts", "rare", "common"), [((900, 50), 1, 0), ((9, 9), 1, 0), ((5, 50, 5, 50), 2, 1)])
def test_ties_make_the_last_class_rare_and_the_first_common(counts: tuple[int, ...], rare: int, common: int) -> None:
    assert (metrics.rarest(np.array(counts)), metrics.commonest(np.array(counts))) == (rare, common)


@pytest.mark.parametrize("predictions", [[0, 1], [0, 1, 2], [0, 1, -1]])
def test_labels_and_predictions_that_do_not_fit_are_refused(predictions: list[int]) -> None:
    with pytest.raises(ValueError, match="must"):
        metrics.confusion_matrix(np.array([0, 1, 1]), np.array(predictions), 2)
