"""ImageSet: uint8 images with labels, shared between workers and never written to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class ImageSet:
    """N labelled images as rows of a pixel tensor that may be larger, shared and memory-mapped.

    Parameters
    ----------
    pixels : uint8 tensor (M, 3, H, W)
        Never modified. Several sets may share it.
    rows : int64 tensor (N,)
        Which rows of `pixels` are this set's images; repetition is allowed.
    labels : int64 tensor (N,)
        Class of each image, in 0..n_classes-1.
    n_classes : int
        K, also when a class has no image here.
    """

    pixels: torch.Tensor
    rows: torch.Tensor
    labels: torch.Tensor
    n_classes: int

    @classmethod
    def of(cls, pixels: torch.Tensor, labels: torch.Tensor, n_classes: int) -> ImageSet:
        """Return the set of all rows of `pixels`, labelled in the same order."""
        return cls(pixels, torch.arange(len(labels)), labels, n_classes)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> np.ndarray:
        """Images of each class, int64 (K,)."""
        return np.bincount(self.labels.numpy(), minlength=self.n_classes)

    def positions(self, label: int) -> torch.Tensor:
        """Return the positions (0..N-1) of one class's images, ascending, int64."""
        return torch.nonzero(self.labels == label).flatten()

    def groups(self) -> list[torch.Tensor]:
        """Return each present class's positions, in order of first appearance.

        What a method draws class after class then does not depend on how the classes are numbered.
        """
        return sorted((self.positions(int(label)) for label in self.labels.unique()), key=lambda group: int(group[0]))

    def take(self, positions: torch.Tensor) -> ImageSet:
        """Return the images at `positions`, in that order; no pixel is copied."""
        return ImageSet(self.pixels, self.rows[positions], self.labels[positions], self.n_classes)

    def extended(self, pixels: torch.Tensor, labels: torch.Tensor) -> ImageSet:
        """Return this set followed by new images, uint8 (L, 3, H, W) with int64 labels (L,); pixels are copied."""
        return ImageSet.of(
            torch.cat([self.pixels[self.rows], pixels]), torch.cat([self.labels, labels]), self.n_classes
        )

    def batch(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a copy of the images (n, 3, H, W) at `positions` and their labels (n,)."""
        return self.pixels[self.rows[positions]], self.labels[positions]
