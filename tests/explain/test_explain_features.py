"""Features are the layer before the decision; their map keeps apart what is apart, and is the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from builders import CPU, images
from sklearn.manifold import TSNE
from small_networks import classifier

from bench.explain.features import embed, features
from bench.networks.layers.classifier import Classifier


def built() -> Classifier:
    made: Classifier = classifier("paper_cnn(width=2, dropout=0.75)")
    return made


def groups(n: int = 40) -> np.ndarray:
    """Return two clouds in 256 dimensions, half of which never vary."""
    clouds = np.random.default_rng(0).normal(size=(n, 256))
    clouds[n // 2 :] += 3
    clouds[:, ::2] = 0
    return clouds


def test_they_are_the_backbones_features_whatever_the_batches() -> None:
    model, some = built().train(), images((7, 4), side=32)
    found = features(model, some, CPU, batch_size=3)
    assert found.shape == (11, 256) and found.dtype == np.float32
    pixels = some.pixels.float() * 2 / 255 - 1
    np.testing.assert_allclose(found, model.eval().features(pixels).detach().numpy(), atol=1e-6)
    assert np.ptp(found, axis=0).max() > 0


def test_the_model_is_left_in_training() -> None:
    model = built().train()
    features(model, images((2, 2), side=32), CPU)
    assert model.training and model.dropout.training


def test_what_is_apart_stays_apart() -> None:
    placed = embed(groups())
    assert placed.shape == (40, 2) and np.isfinite(placed).all()
    distances = np.linalg.norm(placed[:, None] - placed[None], axis=2) + np.diag(np.full(40, np.inf))
    assert (distances.argmin(axis=1) < 20).tolist() == [True] * 20 + [False] * 20


def test_a_seed_gives_one_map() -> None:
    assert np.array_equal(embed(groups(), seed=3), embed(groups(), seed=3))


def test_the_scale_of_a_feature_does_not_matter() -> None:
    assert np.allclose(embed(groups()), embed(groups() * np.geomspace(0.1, 1000, 256)), atol=1e-2)


@pytest.mark.parametrize(("n", "perplexity"), [(4, 1.0), (5, 4 / 3), (90, 89 / 3), (91, 30.0), (120, 30.0)])
def test_perplexity_is_30_or_below_a_third_of_the_images(
    monkeypatch: pytest.MonkeyPatch, n: int, perplexity: float
) -> None:
    asked: list[float] = []

    class Noted(TSNE):
        def fit_transform(self, X: np.ndarray, y: None = None) -> np.ndarray:
            asked.append(self.perplexity)
            return super().fit_transform(X)

    monkeypatch.setattr("bench.explain.features.TSNE", Noted)
    assert embed(groups(n)).shape == (n, 2)
    assert asked == [pytest.approx(perplexity)] and asked[0] < n / 3


def test_too_few_images_are_refused() -> None:
    with pytest.raises(ValueError, match="four images"):
        embed(groups(4)[:3])
