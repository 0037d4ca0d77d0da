"""Training a classifier on real and translated images together: what AUG and ALT share.

The four terms of eqs. 4-5 of Sahoo et al. 2020 are means over real images of A, real images of B, images of A
translated to B, and images of B translated to A; a step draws equally from all four.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol as Contract

import numpy as np
import torch
from torch import Tensor

from bench.images import ImageSet
from bench.method import Counts, Training
from bench.methods.translators.training import majority_and_minority
from bench.training.inputs import random_crops

KINDS = 4


class Translates(Contract):
    """What turns images of one class into images of the other."""

    def translate(self, images: Tensor, source: int) -> Tensor:
        """Return images (N, 3, H, W) of class `source` as images of the other class."""


def majority_weights(counts: np.ndarray, mode: str, known: Counts | None) -> np.ndarray:
    """Return loss weights (2,): 1/gamma on the majority's terms (eq. 6), scaled to sum to 2; ones where `off`.

    gamma is that of the original counts where these are known: after translation the minority has more images.
    """
    counts = known.original if known else counts
    if mode == "off":
        return np.ones(len(counts))
    weights = np.where(counts == counts.max(), counts.min() / counts.max(), 1.0)
    return np.asarray(weights * len(counts) / weights.sum())


def with_views(train: ImageSet, pixels: Tensor) -> ImageSet:
    """Return a training set followed by its translations (V * N, 3, H, W), which carry the other label."""
    times = len(pixels) // len(train)
    return train.extended(pixels, (1 - train.labels).repeat(times))


def equal_kinds(labels: Tensor, parts: int, rng: torch.Generator) -> Tensor:
    """Return positions of one pass over a set made by `with_views`: A, B, A as B, B as A, in turn.

    Each image of the larger class is drawn once; of the smaller, and of views, as many with replacement.

    Parameters
    ----------
    parts
        The labels are those of real images, followed by as many translations of them until there are so many parts.
    """
    real = len(labels) // parts
    a, b = majority_and_minority(np.bincount(labels[:real].numpy(), minlength=2))
    columns = []
    for k, label in ((a, "real"), (b, "real"), (b, "translated"), (a, "translated")):
        chosen = torch.nonzero(labels == k).flatten()
        columns.append(chosen[chosen < real] if label == "real" else chosen[chosen >= real])
    length = len(columns[0])
    drawn = [columns[0][torch.randperm(length, generator=rng)]]
    drawn += [column[torch.randint(len(column), (length,), generator=rng)] for column in columns[1:]]
    return torch.stack(drawn, dim=1).flatten()


def pair_count(trainer: Training) -> int:
    """Return how many pairs an epoch has: as many as class A has images, or a quarter of an epoch of equal length."""
    most = int(trainer.train.counts.max())
    if trainer.protocol.epoch == "dataset":
        return most
    counts = tuple(trainer.counts.original.tolist())
    return min(most, -(-trainer.protocol.epoch_images(counts, len(trainer.train)) // KINDS))


def train_epoch(trainer: Training, translator: Translates) -> None:
    """Train one epoch on pairs and their fresh translations."""
    trainer.train_epoch(pairs(trainer, translator), KINDS * pair_count(trainer))


def pairs(trainer: Training, translator: Translates) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one epoch: a, b, and both translated from the same crops.

    A step takes as many images as every method's, but at least one pair with its translations: four images.
    """
    train, protocol = trainer.train, trainer.protocol
    a, b = majority_and_minority(train.counts)
    epoch = len(trainer.history) + 1
    order = trainer.streams.torch("order", use=f"pairs {epoch}")
    crops = trainer.streams.torch("augmentation", use=f"pairs {epoch}")
    first = train.positions(a)[torch.randperm(len(train.positions(a)), generator=order)[: pair_count(trainer)]]
    second = train.positions(b)[torch.randint(len(train.positions(b)), (len(first),), generator=order)]
    each = max(1, protocol.batch_size // KINDS)
    for chosen in zip(first.split(each), second.split(each), strict=True):
        real_a, real_b = (
            trainer.device.images(random_crops(train, positions, protocol.image_size, crops, protocol.flip))
            for positions in chosen
        )
        images = torch.cat([real_a, real_b, translator.translate(real_a, a), translator.translate(real_b, b)])
        labels = torch.tensor([a, b, b, a]).repeat_interleave(len(chosen[0])).to(trainer.device.torch)
        yield images.contiguous(memory_format=torch.channels_last), labels
