"""Undersampling (US): drop images of the larger classes."""

from __future__ import annotations

import numpy as np
import torch

from bench.images import ImageSet
from bench.method import Method
from bench.registry import register


@register("US", reference="Kubat & Matwin 1997 (ICML)")
class Undersampling(Method):
    """Keep a random subset of every class, as large as the smallest class."""

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        size = min(len(group) for group in train.groups())
        kept = [_draw(group.numpy(), size, rng) for group in train.groups()]
        return train.take(torch.from_numpy(np.sort(np.concatenate(kept))))


def _draw(positions: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return positions if len(positions) == size else rng.choice(positions, size, replace=False)
