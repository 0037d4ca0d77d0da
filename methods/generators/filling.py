"""What the augmenting methods share: a generator fills the smaller classes, once per fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from bench.images import ImageSet
from bench.method import Method
from bench.protocol import Protocol
from bench.registry import STAGES
from bench.stage import Request, StageRequest

AT_ONCE = 4096  # images


class Filling(Method):
    """Add images that a trained generator makes of each smaller class, after the real ones.

    The counts of a record are the real ones; how many are made of each class follows from them and from the settings.

    Parameters
    ----------
    target
        Images that each class has in the end, if it has not more; none: as many as the largest. Never more than that.
    alone
        Train on made images alone, as many of each class: how much of a class do they hold? Real ones select the epoch.
    """

    stage: ClassVar[str]
    needs_images: ClassVar[bool] = True

    def __init__(self, target: int | None = None, alone: bool = False) -> None:
        if target is not None and not (isinstance(target, int) and target > 0):
            raise ValueError(f"target = {target} must be a whole number of at least 1")
        if not isinstance(alone, bool):  # a bare word is a string, and no string is false
            raise ValueError(f"alone = {alone} must be True or False")
        self.target, self.alone = target, alone
        if alone:
            self.differs_when_balanced = "trains on made images alone"  # type: ignore[misc]

    @property
    def request(self) -> StageRequest:
        """The trained generator."""
        return StageRequest(self.stage)

    def requires(self, counts: Sequence[int], protocol: Protocol) -> tuple[Request, ...]:
        return (self.request,)

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        from bench.training.sizes import as_pixels, at_size

        generator: Any = self.artifacts.get(self.request)
        labels = self.missing(train)
        if generator is None or not len(labels):
            return train
        stream = torch.Generator().manual_seed(int(rng.integers(2**63)))
        side, batches = train.pixels.shape[-1], labels.split(AT_ONCE)
        made = torch.cat([as_pixels(at_size(generator.generate(batch, stream), side)) for batch in batches])
        return ImageSet.of(made, labels, train.n_classes) if self.alone else train.extended(made, labels)

    def missing(self, train: ImageSet) -> torch.Tensor:
        """Return the classes of the images to make, int64; their order does not depend on how classes are numbered."""
        full = self._full(train.counts.tolist())
        groups = train.groups()
        wanted = torch.tensor([self._wanted(full, len(group)) for group in groups])
        return torch.stack([train.labels[group[0]] for group in groups]).repeat_interleave(wanted)

    def extra_operations(self, counts: Sequence[int], settings: Callable[[str], Any]) -> float:
        full = self._full(counts)
        stage: Any = STAGES[self.stage].cls(settings(self.stage), {})
        each: float = stage.generation(counts)
        return each * sum(self._wanted(full, n) for n in counts)

    def _wanted(self, full: int, there: int) -> int:
        return full if self.alone else max(0, full - there)

    def _full(self, counts: Sequence[int]) -> int:
        return min(self.target or max(counts), max(counts))


class StartedFilling(Filling):
    """Base of the methods whose generator starts from an autoencoder.

    Parameters
    ----------
    started
        False: the generator's weights are drawn like any other's; all else stays, so that the start alone is tested.
    """

    def __init__(self, target: int | None = None, alone: bool = False, started: bool = True) -> None:
        super().__init__(target, alone)
        if not isinstance(started, bool):
            raise ValueError(f"started = {started} must be True or False")
        self.started = started

    @property
    def request(self) -> StageRequest:
        return StageRequest(self.stage) if self.started else StageRequest.of(self.stage, autoencoder_start=False)
