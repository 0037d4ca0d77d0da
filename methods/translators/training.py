"""Epochs of a CycleGAN: which pairs of images a step sees, and a state from which a killed training goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from bench.images import ImageSet
from bench.methods.translators.cyclegan import LOSSES, CycleGAN, Extra, part
from bench.stage import Checkpoint
from bench.training.inputs import random_crops
from bench.training.sizes import as_pixels as as_pixels  # where these are looked for
from bench.training.sizes import at_size as at_size
from bench.training.sizes import reduced as reduced

Draw = Callable[[str], torch.Generator]  # a fresh random generator for one use
Teacher = Callable[[int, Tensor, Tensor], Extra | None]  # of a step, and the positions of its images of A and B


def majority_and_minority(counts: Sequence[int] | np.ndarray) -> tuple[int, int]:
    """Return the labels of class A and class B of a task with two classes; of equal classes the first is A."""
    a = int(np.argmax(counts))
    return a, 1 - a


class GanTraining:
    """Trains a CycleGAN on a task's training images.

    An epoch has as many pairs as class A has images: each of A once, in random order, with images of B drawn with
    replacement. What a step draws depends on its epoch and number alone, so that no random state is carried along.
    """

    def __init__(self, gan: CycleGAN, train: ImageSet, flip: bool, draw: Draw) -> None:
        self.scale = (gan.settings.load_size or train.pixels.shape[-1]) / train.pixels.shape[-1]
        self.gan, self.train, self.flip, self.draw = gan, reduced(train, gan.settings.load_size), flip, draw
        a, b = majority_and_minority(train.counts)
        self.a, self.b = train.positions(a), train.positions(b)
        self.epoch = self.step = 0  # epochs done, and steps done of the next
        self.history: list[dict[str, float]] = []
        self._sums = torch.zeros(len(LOSSES), dtype=torch.float64)
        self._seconds = 0.0

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return -(-len(self.a) // self.gan.settings.batch_size)

    def train_until(self, epoch: int, checkpoint: Checkpoint | None = None, teacher: Teacher | None = None) -> None:
        """Train until so many epochs are done.

        Raises
        ------
        TrainingDiverged
            A loss or a weight became NaN or infinite.
        """
        while self.epoch < epoch:
            self._train_epoch(checkpoint, teacher)

    def _train_epoch(self, checkpoint: Checkpoint | None, teacher: Teacher | None) -> None:
        number = self.epoch + 1
        self.gan.set_rate(self.gan.settings.rate(number))
        pairs = self._pairs(number)
        while self.step < self.steps:
            started = time.perf_counter()
            a, b = pairs[self.step]
            extra = teacher(self.step, a, b) if teacher else None
            losses = self.gan.step(self._crops(a, "a"), self._crops(b, "b"), extra)
            self._sums += losses.double().cpu() * len(a)
            self.step += 1
            self._seconds += time.perf_counter() - started
            if checkpoint and self.step < self.steps and checkpoint.due:
                checkpoint.save(self.state())
        means = (self._sums / len(self.a)).tolist()
        self.gan.check(number, means)
        self.history.append({"epoch": number, **dict(zip(LOSSES, means, strict=True)), "seconds": self._seconds})
        self.epoch, self.step, self._seconds = number, 0, 0.0
        self._sums.zero_()
        if checkpoint and checkpoint.due:
            checkpoint.save(self.state())

    def _pairs(self, epoch: int) -> list[tuple[Tensor, Tensor]]:
        rng = self.draw(f"order {epoch}")
        first = self.a[torch.randperm(len(self.a), generator=rng)]
        second = self.b[torch.randint(len(self.b), (len(self.a),), generator=rng)]
        size = self.gan.settings.batch_size
        return list(zip(first.split(size), second.split(size), strict=True))

    def _crops(self, positions: Tensor, kind: str) -> Tensor:
        rng = self.draw(f"crops {self.epoch + 1} {self.step} {kind}")
        size = self.gan.settings.crop_size
        return self.gan.device.images(random_crops(self.train, positions, size, rng, self.flip))

    def state(self) -> dict[str, Tensor]:
        """Return all that the rest of the training depends on."""
        rows = [list(row.values()) for row in self.history]
        progress = {
            "progress.done": torch.tensor([self.epoch, self.step]),
            "progress.sums": self._sums.clone(),
            "progress.seconds": torch.tensor([self._seconds], dtype=torch.float64),
            "progress.history": torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(LOSSES) + 2),
            "scale": torch.tensor([self.scale], dtype=torch.float64),
        }
        return self.gan.state() | progress

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, also in the middle of an epoch."""
        self.gan.restore(state)
        progress = part(state, "progress")
        self.epoch, self.step = progress["done"].tolist()
        self._sums, self._seconds = progress["sums"].clone(), float(progress["seconds"])
        names = ("epoch", *LOSSES, "seconds")
        self.history = [dict(zip(names, row, strict=True)) for row in progress["history"].tolist()]
