"""Distances and similarities of images equal closed forms, brute force and scikit-image."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from skimage.metrics import structural_similarity
from torch import Tensor

from bench.judging.distances import against_real, frechet_distance, kernel_distance
from bench.judging.similarity import SIDE, diversity, nearest, reduced, ssim


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sample(mean: np.ndarray, covariance: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return features whose own mean and covariance are exactly these."""
    x = rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    white = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return np.asarray(white @ np.linalg.cholesky(covariance).T + mean)


def pictures(n: int, side: int = 24, seed: int = 0) -> Tensor:
    """Return smooth random images in [-1, 1], float32 (n, 3, side, side)."""
    noise = torch.randn(n, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise, size=side, mode="bicubic").tanh()


def test_frechet_distance_is_the_closed_form_of_two_gaussians() -> None:
    a, b = np.array([4.0, 1.0, 0.25]), np.array([1.0, 9.0, 0.25])
    mean = np.array([1.0, -2.0, 0.5])
    distance = frechet_distance(sample(mean, np.diag(a), 20, 0), sample(np.zeros(3), np.diag(b), 30, 1))
    assert distance == pytest.approx((mean**2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum())


def test_frechet_distance_equals_the_matrix_square_root() -> None:
    a, b = rng(0).normal(size=(40, 5)), rng(1).normal(size=(60, 5)) @ rng(2).normal(size=(5, 5)) + 1
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b.astype(np.float32), a.astype(np.float32)) == pytest.approx(expected, rel=1e-5)


def test_fewer_images_than_features_lose_no_precision() -> None:
    a, b = rng(0).normal(size=(8, 3)), 2 * rng(1).normal(size=(9, 3)) + 1
    rotation = np.linalg.qr(rng(2).normal(size=(50, 50)))[0][:3]
    assert frechet_distance(a @ rotation, b @ rotation) == pytest.approx(frechet_distance(a, b))
    assert frechet_distance(a @ rotation, a @ rotation) == pytest.approx(0, abs=1e-10)


def test_kernel_distance_is_its_definition() -> None:
    a, b = rng(0).normal(size=(4, 3)), rng(1).normal(size=(5, 3))

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 3 + 1) ** 3)

    def within(x: np.ndarray) -> float:
        return float(np.mean([kernel(p, q) for p, q in combinations(x, 2)]))

    expected = within(a) + within(b) - 2 * np.mean([kernel(p, q) for p in a for q in b])
    assert kernel_distance(a, b, rng()) == pytest.approx(expected)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_kernel_distance_is_unbiased_however_few_the_images(shift: float) -> None:
    draw = rng(0)
    values = [kernel_distance(draw.normal(size=(4, 1)), draw.normal(shift, size=(4, 1)), draw) for _ in range(4000)]
    moments = np.array([[0, 1, 0], [shift, 1 + shift**2, shift**3 + 3 * shift]])
    expected = sum(comb(3, j + 1) * (p - q) ** 2 for j, (p, q) in enumerate(moments.T))
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - expected) < 3 * error
    assert min(values) < 0


def test_kernel_distance_draws_subsets_only_from_more_images_than_one_holds() -> None:
    a, b = rng(0).normal(size=(12, 3)), rng(1).normal(1, size=(12, 3))
    whole = kernel_distance(a, b, rng(0), subset_size=12)
    assert kernel_distance(a, b, rng(1), subset_size=12) == whole
    assert kernel_distance(a, b, rng(0), subset_size=6) == kernel_distance(a, b, rng(0), subset_size=6)
    assert kernel_distance(a, b, rng(0), subset_size=6, subsets=1) != whole
    assert kernel_distance(a, b, rng(0), subset_size=6, subsets=2000) == pytest.approx(whole, rel=0.1)


def test_real_images_are_compared_with_other_real_ones_at_the_same_number() -> None:
    real, generated = rng(0).normal(size=(4, 3)), rng(1).normal(size=(9, 3))
    figures = against_real(generated, real, rng(2))
    assert figures["n"] == 2
    halves = [(list(half), [i for i in range(4) if i not in half]) for half in combinations(range(4), 2)]
    possible = [frechet_distance(real[one], real[other]) for one, other in halves]
    assert min(abs(value - figures["fid_real"]) for value in possible) < 1e-9
    assert figures == against_real(generated, real, rng(2))


def test_the_bias_of_few_images_shows_in_both_figures() -> None:
    draw = rng(0)
    figures = against_real(draw.normal(size=(30, 100)), draw.normal(size=(60, 100)), draw)
    assert figures["fid"] > 50
    assert figures["fid"] == pytest.approx(figures["fid_real"], rel=0.1)
    assert abs(figures["kid"]) < 0.1 and abs(figures["kid_real"]) < 0.1


def test_a_distance_of_one_image_is_refused() -> None:
    for distance in (frechet_distance, lambda a, b: kernel_distance(a, b, rng())):
        with pytest.raises(ValueError, match="two images"):
            distance(np.zeros((1, 3)), np.zeros((5, 3)))


@pytest.mark.parametrize("shape", [(24, 24), (11, 30)])
def test_ssim_equals_scikit_image(shape: tuple[int, int]) -> None:
    x = torch.nn.functional.interpolate(pictures(3), size=shape).double()
    y = (x + 0.4 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)).clamp(-1, 1)
    expected = [
        structural_similarity(
            one.numpy(),
            other.numpy(),
            channel_axis=0,
            data_range=2,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for one, other in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y).numpy(), expected, rtol=1e-10)
    np.testing.assert_allclose(ssim(x.float(), y.float()).numpy(), expected, atol=1e-5)


def test_ssim_compares_one_image_with_many() -> None:
    x = pictures(4)
    torch.testing.assert_close(ssim(x[:1], x), torch.stack([ssim(x[:1], x[i : i + 1])[0] for i in range(4)]))
    assert ssim(x, x).numpy() == pytest.approx(1)


def test_images_of_different_or_too_small_sizes_are_refused() -> None:
    for x, y in ((pictures(1), pictures(1, side=25)), (pictures(1, side=10), pictures(1, side=10))):
        with pytest.raises(ValueError, match="11 pixels"):
            ssim(x, y)


def test_nearest_finds_the_most_similar_reference_among_many() -> None:
    queries, references = pictures(3, seed=1), pictures(140, side=24, seed=2)
    expected = torch.stack([ssim(queries[i : i + 1], references).max() for i in range(3)])
    torch.testing.assert_close(nearest(queries, references), expected)
    references[135] = queries[1]
    assert nearest(queries, references)[1] == pytest.approx(1)


def test_large_images_are_compared_at_the_stated_size() -> None:
    large, small = pictures(3, side=80), pictures(3)
    assert reduced(large).shape[-2:] == (SIDE, SIDE) and reduced(small) is small
    torch.testing.assert_close(nearest(large[:1], large[1:]), ssim(reduced(large[:1]), reduced(large[1:])).max()[None])


def test_diversity_is_the_mean_over_different_pairs() -> None:
    x = pictures(5)
    pairs = list(combinations(range(5), 2))
    values = [float(ssim(x[i : i + 1], x[j : j + 1])) for i, j in pairs]
    assert diversity(x, 100, rng()) == pytest.approx(np.mean(values), abs=1e-6)
    assert min(abs(diversity(x, 1, rng(3)) - value) for value in values) < 1e-6
    assert diversity(x[:1].expand(4, -1, -1, -1), 3, rng()) == pytest.approx(1)
    with pytest.raises(ValueError, match="two images"):
        diversity(x[:1], 3, rng())
