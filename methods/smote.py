"""SMOTE: fill the smaller classes with blends of neighbouring images."""

from __future__ import annotations

import numpy as np
import torch

from bench.images import ImageSet
from bench.method import Method
from bench.registry import register


@register("SMOTE", reference="Chawla et al. 2002, doi:10.1613/jair.953")
class Smote(Method):
    """Add x + u (neighbour - x), u uniform in [0, 1), until every class is as large as the largest.

    Neighbours are the `k_neighbors` nearest images of the same class by Euclidean distance of the resized pixels,
    before any crop; of features, of all their views. On images the results are ghosts of two pictures; that is the
    method, not a defect.
    """

    def __init__(self, k_neighbors: int = 5) -> None:
        if not (isinstance(k_neighbors, int) and k_neighbors > 0):
            raise ValueError(f"k_neighbors = {k_neighbors} must be a whole number of at least 1")
        self.k_neighbors = k_neighbors

    @property
    def smallest_count(self) -> int:
        """One image more than neighbours."""
        return self.k_neighbors + 1

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        from imblearn.over_sampling import SMOTE  # here, for it takes long to import

        size = int(train.counts.max())
        if all(len(group) == size for group in train.groups()):
            return train
        # Neighbours are of the same class, so one image may stand for each class that is full already.
        kept = train.take(torch.cat([group if len(group) < size else group[:1] for group in train.groups()]))
        wanted = {int(label): size for label in kept.labels.unique() if kept.counts[label] > 1}
        sampler = SMOTE(sampling_strategy=wanted, k_neighbors=self.k_neighbors, random_state=int(rng.integers(2**31)))
        flat = kept.pixels[kept.rows].flatten(1).float().numpy()
        blends, labels = sampler.fit_resample(flat, kept.labels.numpy())
        made = torch.from_numpy(blends[len(kept) :]).unflatten(1, train.pixels.shape[1:])
        made = made if train.pixels.is_floating_point() else made.round()  # features stay as they are
        return train.extended(made.to(train.pixels.dtype), torch.from_numpy(labels[len(kept) :]))
