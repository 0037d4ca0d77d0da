"""A head on a frozen body's features is the decayed logistic regression that scikit-learn finds for the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU
from sklearn.linear_model import LogisticRegression

from bench import registry
from bench.images import ImageSet
from bench.networks.pretrained import pretrained_named
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.fit import Parts, Sealed, fit

SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
VIEWS, STEPS = 2, 280  # about what the shipped epochs come to on the datasets that have some of their own
registry.load()


def protocol(counts: tuple[int, ...], **fields: object) -> Protocol:
    """Return the shipped protocol of heads, on features of a small body, as many steps long as the shipped ones."""
    shipped = load_config(SHIPPED, profile="pretrained").profile.protocol("celeba")
    each = -(-len(counts) * max(counts) // shipped.batch_size)
    small = {"backbone": f"small(train=head, views={VIEWS})", "epochs": STEPS // each}
    return Protocol(**(shipped.model_dump() | small | fields))


def features(counts: tuple[int, ...], seed: int) -> ImageSet:
    """Return features as large as a body's: rectified, about 1 in size, of classes that overlap."""
    width = pretrained_named("small").widths[0]
    rng = torch.Generator().manual_seed(seed)
    labels = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    centres = torch.randn(len(counts), width, generator=torch.Generator().manual_seed(9))
    images = centres[labels] + 1.5 * torch.randn(len(labels), width, generator=rng)
    views = images[:, None] + 0.3 * torch.randn(len(labels), VIEWS, width, generator=rng)
    return ImageSet.of(views.relu() / width**0.5 * 3, labels, len(counts))


def theirs(train: ImageSet, test: ImageSet, decay: float, weights: np.ndarray) -> np.ndarray:
    """Return scikit-learn's probabilities: mean loss over all views, and decay / 2 x the squares of weights and biases.

    Of two classes it has one vector of weights w where a head has two, w / 2 and -w / 2, whose squares sum to half.
    """

    def seen(pixels: torch.Tensor) -> np.ndarray:
        return np.c_[pixels.numpy(), np.ones(len(pixels))]

    labels, k = train.labels.repeat_interleave(VIEWS).numpy(), train.n_classes
    strength = (2 if k == 2 else 1) / (decay * len(labels))
    found = LogisticRegression(C=strength, fit_intercept=False, tol=1e-8, max_iter=10_000)
    found.fit(seen(train.pixels.flatten(0, 1)), labels, sample_weight=weights[labels])
    return found.predict_proba(seen(test.pixels[:, 0]))  # type: ignore[no-any-return]


def ours(method: str, train: ImageSet, test: ImageSet, made: Protocol) -> np.ndarray:
    """Return the probabilities of a fit."""
    done = fit(compose(method), Parts(train, test, Sealed(test)), made, Streams.of(1), CPU)
    return done.test.probabilities.array()


@pytest.mark.parametrize("method", ["Vanilla", "CS"])
@pytest.mark.parametrize("counts", [(90, 20), (60, 40, 10)])
def test_a_head_agrees_with_scikit_learns_logistic_regression(method: str, counts: tuple[int, ...]) -> None:
    train, test, made = features(counts, 0), features((40,) * len(counts), 1), protocol(counts)
    inverse = 1 / np.array(counts)
    weights = np.ones(len(counts)) if method == "Vanilla" else inverse * len(counts) / inverse.sum()
    expected = theirs(train, test, made.weight_decay, weights)
    found = ours(method, train, test, made)
    assert np.abs(found - expected).max() < 0.06 and np.abs(found - expected).mean() < 0.02
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.95


def test_a_head_that_trains_too_short_does_not() -> None:
    counts = (90, 20)
    train, test, made = features(counts, 0), features((40, 40), 1), protocol(counts, epochs=1)
    expected = theirs(train, test, made.weight_decay, np.ones(2))
    assert np.abs(ours("Vanilla", train, test, made) - expected).mean() > 0.02
