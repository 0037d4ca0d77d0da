"""From decoded images on disk to what a stage may be made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from bench.data.cache import open_cache
from bench.data.parts import Sizes, leading
from bench.dataset import Task
from bench.images import ImageSet


def open_material(caches: Mapping[str, Path], whole: Mapping[str, Sizes], task: Task) -> tuple[ImageSet, ImageSet]:
    """Open a task's training images and those for judges, memory-mapped; validation and test stay closed.

    Parameters
    ----------
    caches
        Files of decoded images by part; `judging` is absent where the split has none to spare, or nobody wants them.
    whole
        How many images of each class a file holds, by part.
    """
    train = leading(open_cache(caches["train"]), whole["train"], task.counts)
    if "judging" not in caches:
        none = torch.empty(0, dtype=torch.int64)
        return train, ImageSet(train.pixels[:0], none, none, len(task.counts))
    return train, leading(open_cache(caches["judging"]), whole["judging"], whole["judging"])


def open_reference(caches: Mapping[str, Path], whole: Mapping[str, Sizes]) -> ImageSet | None:
    """Open the images that distances are measured from, memory-mapped; None where the split keeps none for that."""
    if "reference" not in caches:
        return None
    return leading(open_cache(caches["reference"]), whole["reference"], whole["reference"])
