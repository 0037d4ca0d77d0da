"""ALT: classifier and translator train in turn, and the classifier teaches the translator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch

from bench.images import ImageSet
from bench.method import Method, Trained, Training
from bench.methods.translators.stages import TRANSLATOR, two_classes
from bench.protocol import Protocol
from bench.registry import register
from bench.stage import Request


@register("ALT", reference="Sahoo et al. 2020, arXiv:2008.05524")
class Alternating(Method):
    """Go on training the translator in blocks between the classifier's, with the classifier as its frozen teacher.

    Parameters
    ----------
    blocks
        So many times the classifier trains, then the translator. Together the classifier's turns are the epochs that
        every method has.
    first_epochs
        Of the classifier, before the translator is first taught: a constant predictor teaches nothing. 0: as many as in
        every other turn.
    gan_epochs
        Of the translator in one turn.
    teacher_every
        The classifier's term of eq. 7 is taken on whole images, every so many steps and that much heavier. Where the
        translator trains on whole images, 1 takes it on those of the step itself.
    class_weight, views
        As for AUG; with views, the training set is translated anew for every block.
    """

    needs_images = True
    unequal_classes = True
    differs_when_balanced = "half of its images are translations, by a translator that learns beside the classifier"
    leaves = "CycleGAN"

    def __init__(
        self,
        blocks: int = 5,
        first_epochs: int = 0,
        gan_epochs: int = 5,
        teacher_every: int = 1,
        class_weight: Literal["inverse", "off"] = "inverse",
        views: int = 0,
    ) -> None:
        if min(blocks, gan_epochs, teacher_every) < 1:
            raise ValueError("blocks, gan_epochs and teacher_every are at least 1")
        if first_epochs < 0:
            raise ValueError(f"first_epochs is 0 or more, not {first_epochs}")
        if class_weight not in ("inverse", "off"):
            raise ValueError(f"class_weight is inverse or off, not {class_weight!r}")
        if views not in (0, 1, 2):
            raise ValueError(f"views is 0, 1 or 2, not {views!r}")
        self.blocks, self.first_epochs, self.gan_epochs = blocks, first_epochs, gan_epochs
        self.teacher_every, self.class_weight, self.views = teacher_every, class_weight, views

    @property
    def fewest_epochs(self) -> int:
        return self.first_epochs + self.blocks - 1 if self.first_epochs else self.blocks

    def turns(self, epochs: int) -> list[int]:
        """Return how many of the classifier's epochs each of its turns has."""
        first = [self.first_epochs or epochs // self.blocks] if self.blocks > 1 else [epochs]
        others = self.blocks - 1
        left = epochs - first[0]
        return first + [left * (turn + 1) // others - left * turn // others for turn in range(others)]

    def supports(self, counts: Sequence[int]) -> str:
        return two_classes(counts) or super().supports(counts)

    def requires(self, counts: Sequence[int], protocol: Protocol) -> tuple[Request, ...]:
        return (TRANSLATOR,)

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        from bench.methods.translators.joint import with_views

        if not self.views:
            return train
        # Room for the translations, which every block makes anew.
        return with_views(train, train.pixels[train.rows].repeat(self.views, 1, 1, 1))

    def sampler(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        from bench.methods.translators.joint import equal_kinds

        return equal_kinds(labels, 1 + self.views, rng) if self.views else torch.randperm(len(labels), generator=rng)

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        from bench.methods.translators.joint import majority_weights

        return majority_weights(counts, self.class_weight, self._counts)

    def extra_operations(self, counts: Sequence[int], settings: Callable[[str], Any]) -> float:
        from bench.methods.translators.cyclegan import step_operations

        gan = settings(TRANSLATOR.name)
        epochs = self.blocks * self.gan_epochs
        return float(epochs * max(counts) / gan.batch_size * step_operations(gan))

    def fit(self, trainer: Training) -> Trained:
        from bench.methods.translators.alternation import Alternation

        both = Alternation(trainer, self.artifacts[TRANSLATOR], self.views, self.teacher_every)  # type: ignore[arg-type]
        for epochs in self.turns(trainer.epochs):
            both.train_classifier(epochs)
            both.train_translator(self.gan_epochs)
        return both.finished()
