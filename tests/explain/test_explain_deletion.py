"""Deletion and insertion follow the pixels in the map's order, and their areas are those computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.explain.deletion import blurred, deletion, insertion

SIDE = 32


class Contrast(nn.Module):
    """P(class 1) is the mean of |x| over the upper left quadrant."""

    def forward(self, images: Tensor) -> Tensor:
        seen = images[:, :, : SIDE // 2, : SIDE // 2].abs().mean(dim=(1, 2, 3)).clamp(1e-6, 1 - 1e-6)
        return torch.stack([1 - seen, seen], dim=1).log()


def checkerboard() -> Tensor:
    """Return an image whose |x| is 1 everywhere and almost nothing once it is blurred."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return ((y + x) % 2 * 2.0 - 1).expand(3, -1, -1)


def quadrant() -> Tensor:
    found = torch.zeros(SIDE, SIDE)
    found[: SIDE // 2, : SIDE // 2] = 1
    return found


def test_areas_of_the_right_map_are_those_computed_by_hand() -> None:
    # The quadrant is the first quarter of the pixels: down a straight line from 1 to 0, or up one from 0 to 1.
    assert deletion(Contrast(), checkerboard(), quadrant(), 1).auc == pytest.approx(1 / 8, abs=0.01)
    assert insertion(Contrast(), checkerboard(), quadrant(), 1).auc == pytest.approx(7 / 8, abs=0.01)


def test_areas_of_the_opposite_map_are_the_mirror_image() -> None:
    assert deletion(Contrast(), checkerboard(), -quadrant(), 1).auc == pytest.approx(7 / 8, abs=0.01)
    assert insertion(Contrast(), checkerboard(), -quadrant(), 1).auc == pytest.approx(1 / 8, abs=0.01)


def test_curves_begin_and_end_with_the_whole_images() -> None:
    image, model = checkerboard() * 0.6, Contrast()
    gone, come = (follow(model, image, quadrant(), 1) for follow in (deletion, insertion))
    assert gone.share[[0, -1]].tolist() == come.share[[0, -1]].tolist() == [0, 1]
    assert gone.probability[0] == pytest.approx(0.6) and gone.probability[-1] == pytest.approx(0, abs=1e-5)
    start = float(model(blurred(image)[None]).softmax(dim=1)[0, 1])
    assert come.probability[0] == pytest.approx(start) and come.probability[-1] == pytest.approx(0.6)


@pytest.mark.parametrize("steps", [1, 7, 64, 200])
def test_each_step_changes_the_stated_share(steps: int) -> None:
    curve = deletion(Contrast(), checkerboard(), torch.rand(SIDE, SIDE, generator=torch.Generator()), 1, steps)
    assert len(curve.share) == len(curve.probability) == steps + 1
    np.testing.assert_allclose(curve.share, np.linspace(0, 1, steps + 1), atol=0.5 / SIDE**2)


def test_only_the_order_of_the_map_matters() -> None:
    noise = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    first, second = (deletion(Contrast(), checkerboard(), salient, 1) for salient in (noise, noise.exp() * 1e3))
    assert np.array_equal(first.probability, second.probability)


def test_equally_salient_pixels_change_in_reading_order() -> None:
    flat = deletion(Contrast(), checkerboard(), torch.zeros(SIDE, SIDE), 1, steps=4)
    np.testing.assert_allclose(flat.probability, [1, 0.5, 0, 0, 0], atol=1e-5)


def test_blur_keeps_a_flat_image_to_its_edges() -> None:
    assert torch.allclose(blurred(torch.full((3, SIDE, SIDE), 0.7)), torch.tensor(0.7))
    point = torch.zeros(3, SIDE, SIDE)
    point[:, 16, 16] = 1
    spread = blurred(point)[0]
    reach = torch.nonzero(spread)
    assert reach.amin(dim=0).tolist() == [11, 11] and reach.amax(dim=0).tolist() == [21, 21]
    assert float(spread[16, 21] / spread[16, 16]) == pytest.approx(np.exp(-0.5), rel=1e-4)
