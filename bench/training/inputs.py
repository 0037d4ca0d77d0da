"""What a training step sees of stored images: which of them, and random crops of pixels or views of features."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.images import ImageSet


def random_crops(images: ImageSet, positions: Tensor, size: int, rng: torch.Generator, mirror: bool) -> Tensor:
    """Return random crops of a side, half of them mirrored where `mirror` is set, uint8 (n, 3, size, size)."""
    count = len(positions)
    room = torch.tensor(images.pixels.shape[-2:]) - size + 1
    corners = (torch.rand(count, 2, generator=rng) * room).long().tolist()
    mirrored = (torch.rand(count, generator=rng) < 0.5).tolist()
    out = torch.empty(count, images.pixels.shape[1], size, size, dtype=images.pixels.dtype)
    for slot, row, (top, left), turned in zip(out, images.rows[positions].tolist(), corners, mirrored, strict=True):
        crop = images.pixels[row, :, top : top + size, left : left + size]
        slot.copy_(crop.flip(-1) if turned and mirror else crop)
    return out


def random_views(features: ImageSet, positions: Tensor, rng: torch.Generator) -> Tensor:
    """Return the features of a random view of each image, float32 (n, D), from a set of features (M, V, D)."""
    views = features.pixels.shape[1]
    view = torch.randint(views, (len(positions),), generator=rng)
    # Whole rows of one table are copied several times as fast as what two indices point at.
    return features.pixels.flatten(0, 1).index_select(0, features.rows[positions] * views + view)


def balanced(labels: Tensor, rng: torch.Generator) -> Tensor:
    """Return as many positions, int64 (N,), as there are labels (N,), each class equally often, in random order.

    Every image of a class comes once before any of them comes twice. Where K does not divide N, the classes that
    appear first have one more.
    """
    groups = [torch.nonzero(labels == label).flatten() for label in labels.unique()]
    groups.sort(key=lambda group: int(group[0]))  # so that nothing depends on how the classes are numbered
    each = -(-len(labels) // len(groups))
    drawn = torch.stack([_repeated(group, each, rng) for group in groups], dim=1).flatten()[: len(labels)]
    return drawn[torch.randperm(len(drawn), generator=rng)]


def _repeated(group: Tensor, count: int, rng: torch.Generator) -> Tensor:
    orders = [torch.randperm(len(group), generator=rng) for _ in range(-(-count // len(group)))]
    return group[torch.cat(orders)[:count]]
