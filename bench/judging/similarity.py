"""Structural similarity of images: how much alike generated images are, and how near to images that were trained on."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bench.judging.judge import resized

WINDOW, SIGMA = 11, 1.5
DATA_RANGE = 2.0  # images lie in [-1, 1]
C1, C2 = (0.01 * DATA_RANGE) ** 2, (0.03 * DATA_RANGE) ** 2
SIDE = 64  # pixels; pairs by the ten thousand are compared at this size
_BLOCK = 128


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Return the structural similarity of pairs of images, float (N,): 1 for equal ones.

    Gaussian window 11x11 with sigma 1.5, only where it fits, K1 = 0.01, K2 = 0.03, data range 2, biased moments, mean
    over places and channels; Wang et al. 2004, doi:10.1109/TIP.2003.819861.

    Parameters
    ----------
    x, y : float (N, C, H, W)
        Values in [-1, 1]; either may have N = 1 and is then compared with every image of the other.

    Raises
    ------
    ValueError
        The images are smaller than the window, or differ in size.
    """
    if x.shape[1:] != y.shape[1:] or min(x.shape[-2:]) < WINDOW:
        raise ValueError(f"images must be of one size of at least {WINDOW} pixels: {tuple(x.shape)}, {tuple(y.shape)}")
    return _compare(x, _moments(x), y, _moments(y))


def nearest(queries: Tensor, references: Tensor) -> Tensor:
    """Return the structural similarity of each query to the reference most like it, float32 (n,).

    Parameters
    ----------
    queries, references : float (n, 3, H, W), (m, 3, H', W')
        Values in [-1, 1]; sides above 64 pixels are reduced to 64 first.
    """
    small, others = reduced(queries), reduced(references)
    moments = _moments(small)
    best = torch.full((len(small),), -1.0, device=small.device)
    for block in others.split(_BLOCK):
        known = _moments(block)
        for i in range(len(small)):
            one = slice(i, i + 1)
            values = _compare(small[one], (moments[0][one], moments[1][one]), block, known)
            best[i] = torch.maximum(best[i], values.max())
    return best


def diversity(images: Tensor, pairs: int, rng: np.random.Generator) -> float:
    """Return the mean structural similarity of random pairs of different images: the lower, the more diverse.

    Odena et al. 2017, arXiv:1610.09585, used its multi-scale form so.

    Parameters
    ----------
    images : float (n, 3, H, W)
        Values in [-1, 1]; sides above 64 pixels are reduced to 64 first.
    pairs
        How many of the n (n - 1) / 2 pairs, at most; none is drawn twice.

    Raises
    ------
    ValueError
        There are fewer than two images.
    """
    if len(images) < 2:
        raise ValueError("diversity needs two images")
    small, every = reduced(images), np.array(list(combinations(range(len(images)), 2)))
    drawn = torch.from_numpy(every[rng.permutation(len(every))[:pairs]])
    return float(torch.cat([ssim(small[block[:, 0]], small[block[:, 1]]) for block in drawn.split(_BLOCK)]).mean())


def reduced(images: Tensor) -> Tensor:
    """Return images (n, 3, H, W) with both sides 64, or as they are if neither is longer."""
    return resized(images, SIDE) if max(images.shape[-2:]) > SIDE else images


def _compare(x: Tensor, of_x: tuple[Tensor, Tensor], y: Tensor, of_y: tuple[Tensor, Tensor]) -> Tensor:
    (mean_x, square_x), (mean_y, square_y) = of_x, of_y
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    covariance = _blurred(x * y) - product
    variances = square_x + square_y - squares
    values = (2 * product + C1) * (2 * covariance + C2) / ((squares + C1) * (variances + C2))
    return values.mean(dim=(1, 2, 3))


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    return _blurred(x), _blurred(x * x)


def _blurred(x: Tensor) -> Tensor:
    """Return the Gaussian mean around each place where the window fits, (N, C, H - 10, W - 10)."""
    # As two products with band matrices: at these sizes several times faster than a convolution.
    rows, columns = (_band(side).to(x) for side in x.shape[-2:])
    return rows @ x @ columns.T


def _band(side: int) -> Tensor:
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    room = side - WINDOW
    return torch.stack([F.pad(window / window.sum(), (start, room - start)) for start in range(room + 1)])
