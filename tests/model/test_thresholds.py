"""Factors for a recall, a prior or costs, held against what is known to be best."""

from __future__ import annotations

import numpy as np
import pytest

from bench.errors import UserError
from bench.model.threshold import class_named, effects, for_costs, for_prior, for_recall, often, prior_of, trials

SCORES = np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.8, 0.2], [0.35, 0.65]])
LABELS = np.array([0, 0, 1, 1, 1])
ONES = np.ones(2)


def test_the_smallest_factor_that_gives_the_recall_is_taken() -> None:
    factors = for_recall(1, 2 / 3, SCORES, LABELS)
    found = (SCORES * factors).argmax(axis=1)
    assert found.tolist() == [0, 0, 1, 0, 1] and factors[1] == pytest.approx(1.5)
    assert (SCORES * for_recall(1, 1.0, SCORES, LABELS)).argmax(axis=1)[LABELS == 1].all()


def test_a_recall_is_had_of_a_network_that_is_sure() -> None:
    sure = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    labels = np.array([0, 0, 1, 1])
    for k in (0, 1):
        factors = for_recall(k, 1.0, sure, labels)
        assert [it.after for it in effects(("a", "b"), ONES, factors, sure, labels)] == [1, 1]
    with pytest.raises(UserError, match="1 of 2 validation images have a probability of 0"):
        for_recall(1, 1.0, sure[1:], np.array([1, 1, 0]))


@pytest.mark.parametrize("images", [3, 100, 365])
def test_a_recall_is_had_of_no_more_images_than_it_takes(images: int) -> None:
    scores = np.random.default_rng(images).dirichlet(np.ones(2), images)
    labels = np.ones(images, int)
    for hits in range(1, images + 1):
        for wanted in (hits / images, float(f"{hits / images:.12f}"), (hits - 0.5) / images):
            taken = (scores * for_recall(1, wanted, scores, labels)).argmax(axis=1)
            assert taken.sum() == hits, wanted
    assert (scores * for_recall(1, 1e-12, scores, labels)).argmax(axis=1).sum() == 1


@pytest.mark.parametrize("wanted", [0.3, 0.7, 1.0])
def test_a_recall_is_had_of_scores_in_32_bits(wanted: float) -> None:
    scores = np.random.default_rng(0).dirichlet(np.ones(5), 200).astype(np.float32)
    labels = np.arange(200) % 5
    for k in range(5):
        mine = scores[labels == k] * for_recall(k, wanted, scores, labels)
        assert (mine.argmax(axis=1) == k).mean() >= wanted


def seen(count: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one number of each image, normal about 0 or 2, and labels of which a share are 1."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < share).astype(int)
    return rng.normal(2.0 * labels, 1), labels


def posterior(x: np.ndarray, share: float) -> np.ndarray:
    """Return the true posterior of such numbers, where a share of the labels are 1."""
    densities = np.exp(-((x[:, None] - [0, 2]) ** 2) / 2) * [1 - share, share]
    found: np.ndarray = densities / densities.sum(axis=1, keepdims=True)
    return found


@pytest.mark.parametrize("validated", [0.05, 0.5], ids=["natural", "balanced"])
@pytest.mark.parametrize("trained", [0.05, 0.5], ids=["plain", "rebalanced"])
@pytest.mark.parametrize("sharpness", [1, 3])
def test_for_a_prior_a_model_decides_nearly_as_bayes_would(validated: float, trained: float, sharpness: int) -> None:
    def scores(x: np.ndarray) -> np.ndarray:
        powered = posterior(x, trained) ** sharpness
        found: np.ndarray = powered / powered.sum(axis=1, keepdims=True)
        return found

    x, labels = seen(100_000, 0.05, 0)
    best = (posterior(x, 0.05).argmax(axis=1) != labels).mean()
    known, truth = seen(1000, validated, 1)
    for kind in (np.float32, np.float64):
        factors = for_prior(prior_of({1: 0.05}, truth, 2), scores(known).astype(kind), truth)
        assert ((scores(x) * factors).argmax(axis=1) != labels).mean() < best + 0.003


def test_a_prior_of_scores_that_are_sure_or_say_nothing_is_finite() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    sure, rare = np.eye(2)[labels], np.array([0.99, 0.01])
    assert ((sure * for_prior(rare, sure, labels)).argmax(axis=1) == labels).all()
    nothing = np.full((40, 2), 0.5)
    assert not (nothing * for_prior(rare, nothing, labels)).argmax(axis=1).any(), "the common class, always"
    assert np.isfinite(for_prior(prior_of({1: 1e-9}, labels, 2), nothing, labels)).all()


def test_images_count_as_often_as_their_class_will_come() -> None:
    labels = np.array([0, 0, 0, 1])
    assert prior_of({1: 0.1}, np.array([0, 0, 1, 2, 2]), 3) == pytest.approx([0.45, 0.1, 0.45])
    assert often(np.array([0.9, 0.1]), labels)[labels] == pytest.approx([1.2, 1.2, 1.2, 0.4])
    assert often(np.array([0.5, 0.1, 0.4]), labels)[labels].mean() == pytest.approx(1), "one class has no image here"


def test_costs_are_lowest_on_the_validation_images() -> None:
    costs = np.array([[0.0, 1.0], [10.0, 0.0]])
    factors = for_costs(costs, SCORES, LABELS)
    decided = (SCORES * factors).argmax(axis=1)
    assert costs[LABELS, decided].mean() == pytest.approx(0.2), "one false alarm is cheaper than one miss"


def said(rng: np.random.Generator, labels: np.ndarray, spread: float, classes: int = 2) -> np.ndarray:
    """Return probabilities (N, K) of which some are equal, some 0; their logarithms spread so far."""
    logs = rng.normal(0, spread, (len(labels), classes)) + 0.7 * spread * np.eye(classes)[labels]
    logs = np.repeat(logs[: len(logs) // 2 + 1], 2, axis=0)[: len(logs)]
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("spread", [1, 10, 60])
@pytest.mark.parametrize("miss", [0.0, 0.3, 1, 100, 1e12])
def test_no_threshold_costs_less_than_the_one_for_costs(spread: float, miss: float) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 40)
        scores, costs = said(rng, labels, spread), np.array([[0.0, 1.0], [miss, 0.0]])
        with np.errstate(divide="ignore"):
            ratios = np.sort(np.log(scores[:, 1].astype(float)) - np.log(scores[:, 0].astype(float)))
        cheapest = min(  # of all decisions by the ratio: what lies below each, and then all, is the first class
            costs[labels, (scores[:, 1] > scores[:, 0] * np.exp(at)).astype(int)].mean()
            for at in [ratios[np.isfinite(ratios)][0] - 1, *ratios[np.isfinite(ratios)] + 1e-6]
        )
        factors = for_costs(costs, scores, labels)
        assert np.isfinite(factors).all() and (factors > 0).all()
        assert costs[labels, (scores * factors).argmax(axis=1)].mean() == pytest.approx(cheapest, abs=1e-12)


def test_for_costs_of_many_classes_no_one_factor_does_better() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        labels = np.arange(60) % 3
        scores, costs = said(rng, labels, 20, classes=3), rng.integers(1, 50, (3, 3)) * (1.0 - np.eye(3))
        factors = for_costs(costs, scores, labels)
        cost = costs[labels, (scores * factors).argmax(axis=1)].mean()
        assert cost <= costs[labels, scores.argmax(axis=1)].mean()
        for at in np.geomspace(1e-40, 1e40, 2000):
            tried = np.where(np.arange(3) == 2, factors * at, factors)
            assert costs[labels, (scores * tried).argmax(axis=1)].mean() >= cost - 1e-12


def test_where_nothing_is_to_be_saved_no_decision_is_moved() -> None:
    costs = 1 - np.eye(2)
    right = np.array([[0.6, 0.4], [0.999, 0.001], [0.45, 0.55]])
    assert for_costs(costs, right, np.array([0, 0, 1])).tolist() == [1, 1]
    assert for_costs(costs * 0, right, np.array([1, 0, 1])).tolist() == [1, 1]
    far = np.array([[1e-9, 1.0], [1e-12, 1.0]])
    assert for_costs(costs, far, np.array([0, 0]))[0] == pytest.approx(np.e * 1e12), "and else no farther than it takes"


def test_trials_make_every_decision_that_a_factor_can_make() -> None:
    scores = np.array([[1e-20, 1.0], [1e-3, 1.0], [1.0, 1e-9], [1.0, 0.0]], np.float32)
    found = [(scores * [1.0, factor]).argmax(axis=1).tolist() for factor in trials(1, ONES, scores)]
    assert found == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]


def test_effects_tell_recall_before_and_after_with_an_interval() -> None:
    zero, one = effects(("a", "b"), ONES, np.array([1.0, 10.0]), SCORES, LABELS)
    assert (zero.before, zero.after, zero.images) == (1.0, 0.0, 2)
    assert one.before == pytest.approx(1 / 3) and one.after == 1.0 and one.low < 1 <= one.high
    back, _ = effects(("a", "b"), np.array([1.0, 10.0]), ONES, SCORES, LABELS)
    assert (back.before, back.after) == (0.0, 1.0), "before is what the model did, whatever that was"


def test_a_class_is_known_however_its_accents_are_coded() -> None:
    assert class_named("e\u0301", ("b", "\u00e9")) == 1
    with pytest.raises(UserError, match="unknown class 'c'"):
        class_named("c", ("b", "\u00e9"))
