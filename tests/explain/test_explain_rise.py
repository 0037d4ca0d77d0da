"""RISE's maps converge to what can be computed exactly, and depend on nothing but the masks' random state."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.explain.rise import rise, smooth_masks

SIDE, CELLS, KEEP = 16, 4, 0.4


class Quadrant(nn.Module):
    """Looks at the upper left quadrant alone: P(class 1) is its mean, P(class 0) the rest."""

    def forward(self, images: Tensor) -> Tensor:
        seen = images[:, :, : images.shape[2] // 2, : images.shape[3] // 2].mean(dim=(1, 2, 3)).clamp(1e-6, 1 - 1e-6)
        return torch.stack([1 - seen, seen], dim=1).log()


def white(count: int = 1, side: int = SIDE) -> Tensor:
    return torch.ones(count, 3, side, side)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def weights(offset: int) -> np.ndarray:
    """Return by hand how much each grid cell gives to each pixel of one axis, (SIDE, CELLS), for one crop."""
    grown = (CELLS + 1) * (SIDE // CELLS)
    centres = np.clip((np.arange(grown) + 0.5) * CELLS / grown - 0.5, 0, CELLS - 1)
    shares = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(CELLS)))
    return shares[offset : offset + SIDE]


def exact_map() -> np.ndarray:
    """Return E[f(M) M(x)] / p for `Quadrant` on a white image, averaged over every crop.

    f is linear in the independent cells, so E[f M] = p**2 + p (1 - p) sum_cells w_quadrant w_x.
    """
    total = np.zeros((SIDE, SIDE))
    shifts = range(SIDE // CELLS)
    for rows in map(weights, shifts):
        for columns in map(weights, shifts):
            pixel = np.einsum("ya,xb->yxab", rows, columns)
            quadrant = pixel[: SIDE // 2, : SIDE // 2].mean(axis=(0, 1))
            total += KEEP + (1 - KEEP) * (pixel * quadrant).sum(axis=(2, 3))
    return total / len(shifts) ** 2


def test_the_map_of_a_known_classifier_is_the_exact_one() -> None:
    n = 4000
    found = rise(Quadrant(), white(), seeded(), n_masks=n, cells=CELLS, keep=KEEP, classes=torch.tensor([1]))[0].numpy()
    expected = exact_map()
    assert expected[:8, :8].mean() > expected[8:, 8:].mean() + 0.05  # there is something to find
    # Ten other seeds came within 0.021.
    np.testing.assert_allclose(found, expected, atol=0.03)
    assert abs(float((found - expected).mean())) < 0.01


def test_masks_are_bilinear_grids_cropped_within_one_cell() -> None:
    grids = (torch.rand(50, CELLS, CELLS, generator=seeded()) < 0.5).float()
    shifts = torch.rand(50, 2, generator=seeded(1))
    masks = smooth_masks(grids, shifts, (SIDE, SIDE))
    for grid, (down, right), mask in zip(grids, shifts.mul(SIDE // CELLS).long().tolist(), masks, strict=True):
        np.testing.assert_allclose(mask.numpy(), weights(down) @ grid.numpy() @ weights(right).T, atol=1e-6)
    assert set(shifts.mul(SIDE // CELLS).long().flatten().tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("size", [(32, 32), (30, 47), (5, 9)])
def test_masks_fit_any_size(size: tuple[int, int]) -> None:
    masks = smooth_masks(torch.ones(3, 8, 8), torch.tensor([[0.0, 0.0], [0.5, 0.999], [0.999, 0.999]]), size)
    assert masks.shape == (3, *size) and torch.allclose(masks, torch.ones(()))


def test_a_constant_classifier_gives_its_probability_everywhere() -> None:
    class Constant(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.tensor([0.3, 0.7]).log().expand(len(images), 2)

    found = rise(Constant(), white(2), seeded(), n_masks=4000, cells=CELLS)
    assert found.shape == (2, SIDE, SIDE)
    torch.testing.assert_close(found, torch.full_like(found, 0.7), atol=0.05, rtol=0)


def test_the_predicted_class_is_the_default() -> None:
    images = torch.cat([white(), white() * 0.1])  # Quadrant says 1, then 0
    asked = rise(Quadrant(), images, seeded(), n_masks=100, classes=torch.tensor([1, 0]))
    assert torch.equal(rise(Quadrant(), images, seeded(), n_masks=100), asked)


def test_masks_depend_on_the_generator_and_not_on_the_batches() -> None:
    first = rise(Quadrant(), white(), seeded(), n_masks=101)
    torch.testing.assert_close(rise(Quadrant(), white(), seeded(), n_masks=101, batch_size=7), first)
    assert torch.equal(rise(Quadrant(), white(), seeded(), n_masks=101), first)
    assert not torch.allclose(rise(Quadrant(), white(), seeded(1), n_masks=101), first)


def test_an_image_is_explained_alike_in_any_company() -> None:
    images = torch.rand(3, 3, SIDE, SIDE, generator=seeded(5))
    alone = [rise(Quadrant(), image[None], seeded(), n_masks=100)[0] for image in images]
    torch.testing.assert_close(rise(Quadrant(), images, seeded(), n_masks=100), torch.stack(alone))
