"""Real images for judges: balanced or as rare as they are, and where possible ones that no translator learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from bench.errors import DataError
from bench.images import ImageSet
from bench.judging.settings import Settings
from bench.streams import Streams

SELECTING_SHARE = 0.2  # at least


@dataclass(frozen=True, eq=False)
class Supply:
    """Disjoint images to fine-tune on and to select an epoch by, and the part of the split they are from."""

    train: ImageSet
    selection: ImageSet
    origin: Literal["spare", "train"]


def supply(train: ImageSet, judging: ImageSet, settings: Settings, streams: Streams) -> Supply:
    """Draw a judge's images.

    Parameters
    ----------
    train
        The split's whole training part, before any imbalance.
    judging
        Images for judges, which no fit, translator or generator sees; a class may have none. Taken if every class has
        `spare_minimum`.
    streams
        The stream `resampling` decides which images are taken, and which of them select.

    Raises
    ------
    DataError
        A class has fewer than two images.
    """
    origin: Literal["spare", "train"] = "spare" if int(judging.counts.min()) >= settings.spare_minimum else "train"
    source = judging if origin == "spare" else train
    fewest = int(source.counts.min())
    if fewest < 2:
        raise DataError(f"a judge needs two real images of each class; there are {source.counts.tolist()}")
    most = [fewest] * source.n_classes if settings.balanced else source.counts.tolist()
    sizes = [min(count, settings.images_per_class) for count in most]
    learning = [learned_from(size, settings) for size in sizes]
    drawn = [_drawn(source, label, size, streams) for label, size in enumerate(sizes)]
    return Supply(
        train=source.take(torch.cat([positions[:n] for positions, n in zip(drawn, learning, strict=True)])),
        selection=source.take(torch.cat([positions[n:] for positions, n in zip(drawn, learning, strict=True)])),
        origin=origin,
    )


def learned_from(size: int, settings: Settings) -> int:
    """Return how many of a class's images a judge learns from; by the others its epoch is selected."""
    selecting = max(round(SELECTING_SHARE * size), min(settings.selection_images, size // 2), 1)
    return size - selecting


def _drawn(source: ImageSet, label: int, size: int, streams: Streams) -> torch.Tensor:
    positions = source.positions(label)
    order = streams.torch("resampling", use=f"judge {label}")
    return positions[torch.randperm(len(positions), generator=order)[:size]]
