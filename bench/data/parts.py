"""From decoded images on disk to the parts that a fit may see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from bench.data.cache import open_cache
from bench.dataset import Task
from bench.images import ImageSet
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.fit import Parts, Sealed

Sizes = tuple[int, ...]


def open_parts(
    caches: Mapping[str, Path], whole: Mapping[str, Sizes], task: Task, protocol: Protocol, streams: Streams
) -> Parts:
    """Open the memory-mapped parts of one task.

    Parameters
    ----------
    caches
        Files by part, class after class in the split's order: `train`, `val`, `test` and, where there are further test
        images, `extended`; decoded images, or features of a frozen body in their place (N, V, D), see
        `bench.data.features`.
    whole
        How many images of each class a file holds, by part.
    streams
        Subset 0 takes the first images of each class in the split's order; any other takes them in a drawn order.
        Either way, smaller subsets are part of larger ones.
    """
    limit = protocol.eval_per_class
    pixels = {part: open_cache(path) for part, path in caches.items()}

    def evaluated(part: str) -> ImageSet:
        return leading(pixels[part], whole[part], tuple(min(count, limit or count) for count in whole[part]))

    train = leading(pixels["train"], whole["train"], task.counts, streams)
    extended = Sealed(evaluated("extended")) if "extended" in caches else None
    return Parts(train, evaluated("val"), Sealed(evaluated("test")), extended)


def leading(pixels: torch.Tensor, whole: Sizes, counts: Sizes, streams: Streams | None = None) -> ImageSet:
    """Return `counts[k]` images of each class of a tensor that holds `whole[k]`, class after class."""
    starts = np.cumsum([0, *whole[:-1]])
    orders = [start + _order(k, whole[k], streams) for k, start in enumerate(starts)]
    rows = np.concatenate([order[:count] for order, count in zip(orders, counts, strict=True)])
    labels = np.repeat(np.arange(len(counts)), counts)
    return ImageSet(pixels, torch.from_numpy(rows), torch.from_numpy(labels), len(counts))


def _order(label: int, size: int, streams: Streams | None) -> np.ndarray:
    if streams is None or streams.subset == 0:
        return np.arange(size)
    return streams.numpy("subset", use=str(label)).permutation(size)
