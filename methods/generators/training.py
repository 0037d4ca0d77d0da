"""The one training loop of all generators: which images a step sees, and a state from which a killed one goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import torch
from torch import Tensor

from bench.errors import TrainingDiverged
from bench.images import ImageSet
from bench.methods.generators.recipe import Dice, Recipe, below
from bench.methods.generators.settings import TrainingSettings
from bench.stage import Checkpoint
from bench.streams import Streams

ROWS = 100  # of a history, at most


class GeneratorTraining:
    """Takes the steps of a recipe on a task's training images.

    An epoch sees each image once, in random order. What a step draws depends on its number and the stream alone, so
    that no random state is carried along.
    """

    def __init__(self, recipe: Recipe, settings: TrainingSettings, train: ImageSet, streams: Streams) -> None:
        self.recipe, self.settings, self.train, self.streams = recipe, settings, train, streams
        self.length = settings.length(len(train))
        self.every = -(-self.length // ROWS)  # steps of a row of the history
        self.done = 0
        self.history: list[dict[str, float]] = []
        self._sums = torch.zeros(len(recipe.losses), dtype=torch.float64)
        self._seconds = 0.0
        self._order = torch.zeros(0, dtype=torch.int64)
        self._epoch = -1

    def run(self, checkpoint: Checkpoint | None = None, until: int | None = None) -> None:
        """Take all steps that are left, or those until the step of a number.

        Raises
        ------
        TrainingDiverged
            A loss or a weight became NaN or infinite; it tells the step.
        """
        while self.done < min(self.length, until or self.length):
            started = time.perf_counter()
            self._step()
            self._seconds += time.perf_counter() - started
            if self.done % self.every == 0 or self.done == self.length:
                self._row()
            if checkpoint and self.done < self.length and checkpoint.due:
                checkpoint.save(self.state())

    def batch(self, step: int) -> Tensor:
        """Return the positions of the real images that a step sees, by its number from 0."""
        epoch, place = divmod(step, self.settings.epoch_steps(len(self.train)))
        if epoch != self._epoch:
            rng = self.streams.torch("stage", use=f"order {epoch}")
            self._order, self._epoch = torch.randperm(len(self.train), generator=rng), epoch
        size = self.settings.batch_size
        return self._order[place * size : (place + 1) * size]

    def _step(self) -> None:
        recipe, number = self.recipe, self.done + 1
        pixels, labels = self.train.batch(self.batch(self.done))
        dice = Dice(self.streams, f"step {number}", recipe.device)
        recipe.hand_over(dice)
        losses = recipe.step(recipe.device.images(pixels), labels.to(recipe.device.torch), number, dice)
        told = losses.double().cpu()
        if not bool(told.isfinite().all()):
            raise TrainingDiverged(number, next(v for v in told.tolist() if not math.isfinite(v)), "step")
        self._sums += told
        self.done = number

    def _row(self) -> None:
        steps = self.done - int(self.history[-1]["step"] if self.history else 0)
        if not all(bool(parameter.isfinite().all()) for parameter in self.recipe.networks.parameters()):
            raise TrainingDiverged(self.done, float("nan"), "step")
        means = (self._sums / steps).tolist()
        losses = dict(zip(self.recipe.losses, means, strict=True))
        self.history.append({"step": self.done, **losses, "seconds": self._seconds})
        self._sums.zero_()
        self._seconds = 0.0

    def state(self) -> dict[str, Tensor]:
        """Return all that the rest of the training depends on."""
        rows = [list(row.values()) for row in self.history]
        return self.recipe.state() | {
            "progress.done": torch.tensor([self.done]),
            "progress.sums": self._sums.clone(),
            "progress.seconds": torch.tensor([self._seconds], dtype=torch.float64),
            "progress.history": torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(self._sums) + 2),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.recipe.restore(state)
        progress = below(state, "progress")
        self.done = int(progress["done"])
        self._sums, self._seconds = progress["sums"].clone(), float(progress["seconds"])
        names = ("step", *self.recipe.losses, "seconds")
        self.history = [dict(zip(names, row, strict=True)) for row in progress["history"].tolist()]
