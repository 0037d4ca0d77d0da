"""Oversampling (OS): repeat images of the smaller classes."""

from __future__ import annotations

import numpy as np
import torch

from bench.images import ImageSet
from bench.method import Method
from bench.registry import register


@register("OS", reference="Japkowicz & Stephen 2002, doi:10.3233/IDA-2002-6504")
class Oversampling(Method):
    """Keep every image and add random repetitions until every class is as large as the largest."""

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        size = int(train.counts.max())
        added = [rng.choice(group.numpy(), size - len(group)) for group in train.groups() if len(group) < size]
        return train.take(torch.from_numpy(np.concatenate([np.arange(len(train)), *added])))
