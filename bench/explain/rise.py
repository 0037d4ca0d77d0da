"""RISE: how much each pixel's visibility raises the classifier's probability, from random masks alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.explain.evaluation import BATCH, probabilities

N_MASKS = 4000
CELLS = 8
KEEP = 0.5


def rise(
    model: nn.Module,
    images: Tensor,
    rng: torch.Generator,
    *,
    n_masks: int = N_MASKS,
    cells: int = CELLS,
    keep: float = KEEP,
    classes: Tensor | None = None,
    batch_size: int = BATCH,
) -> Tensor:
    """Return saliency maps, float32 (N, H, W): S = 1 / (n p) * sum_i f_c(x * M_i) M_i with f the softmax.

    Of Petsiuk, Das and Saenko 2018 (arXiv 1806.07421), equations 5 and 6. S is the mean of f_c over the masks that
    show a pixel, so it stands around the mean probability and is compared within one map. Masks act on the normalised
    image, where 0 is mid-grey. All images see the same masks.

    Parameters
    ----------
    images : float (N, 3, H, W) in [-1, 1], on the model's device
    rng
        On the CPU; the same state gives the same masks on every device and for every `batch_size`.
    n_masks, cells, keep
        Masks, their cells along each side (the paper's s), and the probability p that a cell is shown.
    classes : int64 (N,)
        Class to explain; default: the predicted one.
    """
    height, width = images.shape[-2:]
    if classes is None:
        classes = probabilities(model, images, batch_size).argmax(dim=1)
    grids = (torch.rand(n_masks, cells, cells, generator=rng) < keep).float()
    shifts = torch.rand(n_masks, 2, generator=rng)
    sums = torch.zeros(len(images), height * width, device=images.device)
    for grid, shift in zip(grids.split(batch_size), shifts.split(batch_size), strict=True):
        masks = smooth_masks(grid.to(images.device), shift, (height, width))
        for k, image in enumerate(images):
            scores = probabilities(model, image * masks[:, None], batch_size)[:, classes[k]]
            sums[k] += scores @ masks.flatten(1)
    return (sums / (n_masks * keep)).view(-1, height, width)


def smooth_masks(grids: Tensor, shifts: Tensor, size: tuple[int, int]) -> Tensor:
    """Return masks, float32 (n, H, W) in 0..1: grids (n, s, s) enlarged bilinearly and cropped at random.

    A grid grows to s + 1 cells of ceil(H / s) x ceil(W / s) pixels; shifts (n, 2) in [0, 1) place the crop's corner
    within one cell, so that no pixel is always a cell's centre.
    """
    cell = torch.tensor([-(-side // grids.shape[-1]) for side in size])
    whole = [int(side) * (grids.shape[-1] + 1) for side in cell]
    large = F.interpolate(grids[:, None], size=whole, mode="bilinear", align_corners=False)[:, 0]
    corners = (shifts * cell).long().tolist()
    return torch.stack(
        [mask[top : top + size[0], left : left + size[1]] for mask, (top, left) in zip(large, corners, strict=True)]
    )
