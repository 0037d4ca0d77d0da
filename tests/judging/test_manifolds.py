"""Precision, recall, density and coverage: hand-worked points, and what they are there to tell."""

from __future__ import annotations

import numpy as np
import pytest

from bench.judging.manifolds import _distances, _radii, manifold_figures


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_radii_are_distances_to_the_kth_nearest_other_point() -> None:
    line = np.array([[0.0], [1.0], [3.0], [7.0]])
    squares = _distances(line, line)
    assert squares[0].tolist() == [0, 1, 9, 49]
    assert _radii(squares, 1).tolist() == [1, 1, 4, 16] and _radii(squares, 2).tolist() == [9, 4, 9, 36]


def test_figures_are_those_worked_by_the_definitions() -> None:
    real, made = rng().normal(size=(24, 3)), rng(1).normal(0.7, 1, size=(12, 3))
    figures = manifold_figures(made, real, rng(2))
    order, drawn = rng(2), None
    positions = order.permutation(24)
    reference, drawn = real[positions[:12]], made[order.permutation(12)]

    def radius(points: np.ndarray, i: int, k: int) -> float:
        return float(np.sort([np.linalg.norm(points[i] - other) for j, other in enumerate(points) if j != i])[k - 1])

    def inside(balls: np.ndarray, points: np.ndarray, k: int) -> np.ndarray:
        return np.array([[np.linalg.norm(c - p) <= radius(balls, i, k) for p in points] for i, c in enumerate(balls)])

    assert figures["precision"] == pytest.approx(inside(reference, drawn, 3).any(axis=0).mean())
    assert figures["recall"] == pytest.approx(inside(drawn, reference, 3).any(axis=0).mean())
    assert figures["density"] == pytest.approx(inside(reference, drawn, 5).sum() / 60)
    assert figures["coverage"] == pytest.approx(inside(reference, drawn, 5).any(axis=1).mean())


def test_collapse_costs_recall_and_coverage_and_noise_costs_precision_and_density() -> None:
    real = rng().normal(size=(200, 4))
    same = real[:1] + 1e-3 * rng(1).normal(size=(100, 4))
    one, far = manifold_figures(same, real, rng()), manifold_figures(rng(2).normal(9, 1, size=(100, 4)), real, rng())
    assert one["precision"] > 0.9 and one["recall"] < 0.1 and one["coverage"] < 0.2
    assert far["precision"] == far["recall"] == far["density"] == far["coverage"] == 0
    assert one["precision_real"] == far["precision_real"] > 0.7 and one["coverage_real"] > 0.8


def test_too_few_images_are_refused() -> None:
    with pytest.raises(ValueError, match="not 5"):
        manifold_figures(np.zeros((5, 2)), np.zeros((20, 2)), rng())
