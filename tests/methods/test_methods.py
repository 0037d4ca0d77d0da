"""Methods do what their papers say: published formulas, hand-worked cases, and the libraries called directly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from builders import fitted, images
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE
from laws import outcome
from relabelling import content

from bench import registry
from bench.images import ImageSet
from bench.plan.compose import compose

registry.load()
ALLOWED = ("US+CS", "OS+CS")


def resampled(method: str, train: ImageSet, seed: int = 0) -> ImageSet:
    new: ImageSet = compose(method).hook("resample")(train, np.random.default_rng(seed))
    return new


@pytest.mark.parametrize(
    ("method", "ratio"),
    [("CBL(beta=0.9)", 1.005), ("CBL(beta=0.99)", 2.53), ("CBL(beta=0.999)", 12.2), ("CBL(beta=0.9999)", 17.3)],
)
def test_class_balanced_weights_at_50_of_900_are_the_known_ones(method: str, ratio: float) -> None:
    majority, minority = compose(method).hook("class_weights")(np.array([900, 50]), 0.0)
    assert minority / majority == pytest.approx(ratio, rel=0.005)


def test_cost_sensitive_weights_at_50_of_900_are_as_18_to_1() -> None:
    majority, minority = compose("CS").hook("class_weights")(np.array([900, 50]), 0.0)
    assert minority / majority == pytest.approx(18)


@settings(deadline=None)
@given(st.floats(0, 0.9999), st.lists(st.integers(1, 500), min_size=2, max_size=4))
def test_class_balanced_weights_follow_the_published_formula(beta: float, counts: list[int]) -> None:
    effective = np.array([sum(beta**i for i in range(n)) for n in counts])  # (1 - beta^n) / (1 - beta), summed up
    expected = len(counts) * (1 / effective) / (1 / effective).sum()
    weights = compose(f"CBL(beta={beta!r})").hook("class_weights")(np.array(counts), 0.0)
    np.testing.assert_allclose(weights, expected, rtol=1e-9)


def test_vanilla_weighs_all_classes_alike_whatever_the_counts() -> None:
    assert compose("Vanilla").hook("class_weights")(np.array([900, 50, 3]), 0.0).tolist() == [1, 1, 1]


@pytest.mark.parametrize("neighbours", [5, 2])
def test_smote_is_imbalanced_learns_on_flattened_pixels(neighbours: int) -> None:
    train = images((15, 7), side=8)
    drawn = int(np.random.default_rng(3).integers(2**31))
    theirs = SMOTE(k_neighbors=neighbours, random_state=drawn)
    blends, labels = theirs.fit_resample(train.pixels.flatten(1).float().numpy(), train.labels.numpy())
    ours = resampled(f"SMOTE(k_neighbors={neighbours})", train, seed=3)
    assert ours.counts.tolist() == [15, 15]
    assert ours.labels.tolist() == labels.tolist()
    assert np.abs(ours.pixels[ours.rows].flatten(1).numpy() - blends).max() <= 0.5


def test_smote_blends_lie_between_images_of_their_own_class() -> None:
    # Every class has one grey level of its own in the first row of pixels: no blend across classes keeps it.
    train = images((15, 7, 9), side=8)
    train.pixels[:, :, 0] = (train.labels * 100).to(torch.uint8)[:, None, None]
    new = resampled("SMOTE", train)
    assert new.counts.tolist() == [15, 15, 15]
    assert torch.equal(new.pixels[new.rows][:, 0, 0, 0].long(), new.labels * 100)


def test_undersampling_keeps_some_of_each_class_once() -> None:
    train = images((20, 6, 9))
    kept = resampled("US", train)
    assert kept.counts.tolist() == [6, 6, 6]
    assert content(kept) < content(train)
    assert content(kept) != content(resampled("US", train, seed=1))


def test_oversampling_keeps_every_image_and_repeats_some() -> None:
    train = images((20, 6, 9))
    grown = resampled("OS", train)
    assert grown.counts.tolist() == [20, 20, 20]
    assert content(grown) > content(train) and content(grown).keys() == content(train).keys()
    assert content(grown) != content(resampled("OS", train, seed=1))


def test_threshold_scaling_divides_by_the_training_prior() -> None:
    # With 30:10 the prior is 3/4 and 1/4: the scores of (0.7, 0.3) are 0.7 / 0.75 < 0.3 / 0.25.
    probabilities = np.array([[0.7, 0.3], [0.8, 0.2], [0.74, 0.26], [0.76, 0.24]])
    scores = compose("TS").hook("adjust")(probabilities, np.array([30, 10]))
    np.testing.assert_allclose(scores[0], [0.7 / 0.75, 0.3 / 0.25])
    assert scores.argmax(1).tolist() == [1, 0, 1, 0]


def test_threshold_scaling_of_three_classes() -> None:
    # Priors 0.6, 0.3, 0.1: (0.5, 0.3, 0.2) becomes (0.83, 1, 2), and (0.6, 0.35, 0.05) becomes (1, 1.17, 0.5).
    probabilities = np.array([[0.5, 0.3, 0.2], [0.6, 0.35, 0.05], [0.9, 0.05, 0.05]])
    assert compose("TS").hook("adjust")(probabilities, np.array([60, 30, 10])).argmax(1).tolist() == [2, 1, 0]


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(1, 900), st.integers(1, 900))
def test_threshold_scaling_predicts_the_minority_above_one_in_one_plus_gamma(p: float, many: int, few: int) -> None:
    threshold = 1 / (1 + many / few)
    if abs(p - threshold) > 1e-9:
        scores = compose("TS").hook("adjust")(np.array([[1 - p, p]]), np.array([many, few]))
        assert scores.argmax() == int(p > threshold)


@pytest.mark.parametrize("resampling", ["US", "OS"])
def test_weights_beside_resampling_come_from_the_original_counts(resampling: str) -> None:
    both, one = compose(f"{resampling}+CS", ALLOWED), compose(resampling)
    assert outcome(fitted(both)) != outcome(fitted(one))
    effective: dict[str, Any] = {"class_weights_from": "effective"}
    assert outcome(fitted(both, **effective)) == outcome(fitted(one, **effective)), "resampled counts are equal"
