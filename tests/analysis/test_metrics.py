"""Every figure equals scikit-learn's, also where a class is absent or never predicted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from sklearn import metrics as reference

from bench.analysis import formulas, metrics
from bench.training.scores import acsa, confusion_matrix, cross_entropy, recalls


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
    confusion = confusion_matrix(labels, predictions, n_classes)
    np.testing.assert_array_equal(confusion, reference.confusion_matrix(labels, predictions, labels=classes))
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        labels, predictions, labels=classes, zero_division=0
    )
    np.testing.assert_allclose(formulas.precisions(confusion), precision)
    np.testing.assert_allclose(recalls(confusion), recall)
    np.testing.assert_allclose(formulas.f1_scores(confusion), f1)
    accuracy = metrics.figures(labels, probabilities)["accuracy"]
    assert accuracy == pytest.approx(reference.accuracy_score(labels, predictions))


@given(outcomes())
def test_means_over_classes_leave_absent_classes_out(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    predictions = probabilities.argmax(axis=1)
    confusion = confusion_matrix(labels, predictions, probabilities.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of a predicted class that has no image
        assert acsa(confusion) == pytest.approx(reference.balanced_accuracy_score(labels, predictions))
    present = np.unique(labels)
    expected = geometric_mean_score(labels, predictions, labels=present, average="multiclass")
    assert formulas.g_mean(confusion) == pytest.approx(expected)


@given(outcomes())
def test_rankings_equal_scikit_learn_with_ties(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    for k, ranked in enumerate(probabilities.T):
        positive, auc = labels == k, formulas.roc_auc(labels == k, ranked)
        if positive.all() or not positive.any():
            assert np.isnan(auc)
        else:
            assert auc == pytest.approx(reference.roc_auc_score(positive, ranked))
        if positive.any():
            expected = reference.average_precision_score(positive, ranked)
            assert formulas.average_precision(positive, ranked) == pytest.approx(expected)
        else:
            assert np.isnan(formulas.average_precision(positive, ranked))


@given(outcomes())
def test_cross_entropy_equals_log_loss(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    soft = 0.98 * probabilities + 0.02 / probabilities.shape[1]
    expected = reference.log_loss(labels, soft, labels=list(range(probabilities.shape[1])))
    assert cross_entropy(labels, soft) == pytest.approx(expected)


def test_cross_entropy_of_a_sure_mistake_is_finite() -> None:
    assert cross_entropy(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(-np.log(1e-12))


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
    assert values["macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2) and values["worst_recall"] == 0.5


def test_scores_change_the_decision_but_not_the_ranking() -> None:
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    plain = metrics.figures(labels, probabilities)
    shifted = metrics.figures(labels, probabilities, probabilities / [0.75, 0.25])
    assert (plain["f1_minority"], shifted["f1_minority"]) == (0, 1)
    assert (plain["roc_auc"], plain["average_precision"]) == (shifted["roc_auc"], shifted["average_precision"])


def test_minority_and_majority_are_those_of_the_training_counts() -> None:
    labels, probabilities = np.array([0, 1, 1, 0]), np.eye(2)[[0, 1, 0, 1]]
    values = metrics.figures(labels, probabilities, counts=(5, 9))
    assert (values["f1_minority"], values["f1_majority"]) == (values["f1_0"], values["f1_1"])


@pytest.mark.parametrize(("counts", "rare", "common"), [((900, 50), 1, 0), ((9, 9), 1, 0), ((5, 50, 5, 50), 2, 1)])
def test_ties_make_the_last_class_rare_and_the_first_common(counts: tuple[int, ...], rare: int, common: int) -> None:
    assert (metrics.rarest(np.array(counts)), metrics.commonest(np.array(counts))) == (rare, common)


@pytest.mark.parametrize("predictions", [[0, 1], [0, 1, 2], [0, 1, -1]])
def test_labels_and_predictions_that_do_not_fit_are_refused(predictions: list[int]) -> None:
    with pytest.raises(ValueError, match="must"):
        confusion_matrix(np.array([0, 1, 1]), np.array(predictions), 2)


@given(outcomes())
def test_figures_of_many_classes_equal_scikit_learn(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = outcome
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        return
    soft = 0.98 * probabilities + 0.02 / n_classes
    values = metrics.figures(labels, soft, counts=[150, 60, 5, 3][:n_classes])
    present, decided = np.unique(labels), soft.argmax(axis=1)
    recall = reference.recall_score(labels, decided, labels=list(range(n_classes)), average=None, zero_division=0)
    f1 = reference.f1_score(labels, decided, labels=present, average="macro", zero_division=0)
    assert values["macro_f1"] == pytest.approx(f1)
    assert values["worst_recall"] == pytest.approx(recall[present].min())
    assert values["recall_many"] == pytest.approx(recall[0]) and values["recall_medium"] == pytest.approx(recall[1])
    assert values["recall_few"] == pytest.approx(recall[2:].mean())
    assert values["log_loss"] == pytest.approx(reference.log_loss(labels, soft, labels=list(range(n_classes))))
    if len(present) == n_classes and n_classes > 2:
        auc = reference.roc_auc_score(labels, soft, multi_class="ovr", average="macro")
        assert values["roc_auc"] == pytest.approx(auc)
        one_hot = np.eye(n_classes)[labels]
        precision = reference.average_precision_score(one_hot, soft, average="macro")
        assert values["average_precision"] == pytest.approx(precision)


def test_calibration_error_is_the_gap_between_said_and_right_weighted_by_images() -> None:
    said = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
    labels = np.array([0, 1, 1, 1])  # of two said with 0.95 one is right, of two with 0.65 both
    assert formulas.calibration_error(labels, said) == pytest.approx((0.45 + 0.35) / 2)


def test_the_bands_of_a_tail_are_those_of_the_paper_that_named_them() -> None:
    shots = metrics.Shots()
    counts = [101, 100, 20, 19]
    assert [shots.classes(band, counts) for band in ("many", "medium", "few")] == [[0], [1, 2], [3]]


@pytest.mark.parametrize(
    ("counts", "lacking"),
    [
        ((450, 25), {"macro_f1", "worst_recall", "recall_many", "recall_medium", "recall_few"}),
        ((90, 30, 25), {"f1_minority", "f1_majority", "recall_many", "recall_few"}),
        ((900, 50, 3), {"f1_minority", "f1_majority"}),
    ],
)
def test_a_metric_says_for_which_tasks_it_is(counts: tuple[int, ...], lacking: set[str]) -> None:
    assert {*metrics.METRICS} - {*metrics.supported(counts)} == lacking
    assert all(metrics.METRICS[name].supports(counts) for name in lacking)
    labels = np.repeat(np.arange(len(counts)), 3)
    values = metrics.figures(labels, np.eye(len(counts))[labels], counts=counts)
    assert {name for name in values if name in metrics.METRICS} == {*metrics.supported(counts)}


@pytest.mark.parametrize("counts", [(450, 25), (900, 50, 3)])
def test_what_is_compared_has_the_value_of_the_metric(counts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(counts)), 20)
    probabilities = rng.dirichlet(np.ones(len(counts)), len(labels))
    values = metrics.figures(labels, probabilities, counts=counts)
    confusion = confusion_matrix(labels, probabilities.argmax(axis=1), len(counts))
    assert {it.name: float(it.value(confusion)) for it in metrics.measures(counts)} == pytest.approx(
        {it.name: values[it.name] for it in metrics.measures(counts)}
    )


def test_images_that_are_all_but_sure_are_ranked_by_their_odds() -> None:
    odds = np.array([18.0, 19.0, 20.0, 21.0])
    rare = 1 / (1 + np.exp(-odds))
    probabilities = np.stack([1 / (1 + np.exp(odds)), rare], axis=1).astype(np.float32)
    assert (probabilities[:, 1] == 1).all(), "in 32 bits all are alike"
    labels = np.array([0, 1, 0, 1])
    assert metrics.figures(labels, probabilities)["roc_auc"] == 0.75
    turned = metrics.figures(1 - labels[::-1], probabilities[::-1, ::-1], counts=(1, 2))
    assert turned["roc_auc"] == 0.75, "whichever class is the rare one"
