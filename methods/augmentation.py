"""AUG: a translator turns each image into one of the other class; the classifier trains on both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from bench.images import ImageSet
from bench.method import Method, Trained, Training
from bench.methods.translators.stages import two_classes
from bench.protocol import Protocol
from bench.registry import register
from bench.stage import Request, StageRequest


@register("AUG", reference="Sahoo et al. 2020, arXiv:2008.05524")
class Augmentation(Method):
    """Train on real images and on those that a frozen CycleGAN made of the other class.

    Parameters
    ----------
    class_weight
        `inverse`: the majority's terms, translated images among them, weigh 1/gamma (eq. 6). `off`: all weigh the same.
    views
        0: translate the crops of every step afresh. 1 or 2: translate every training image once, or also mirrored,
        and take crops of that.
    """

    needs_images = True
    unequal_classes = True  # of two equal classes the first is translated as the majority
    differs_when_balanced = "half of its images are translations"

    def __init__(self, class_weight: Literal["inverse", "off"] = "inverse", views: int = 0) -> None:
        if class_weight not in ("inverse", "off"):
            raise ValueError(f"class_weight is inverse or off, not {class_weight!r}")
        if views not in (0, 1, 2):
            raise ValueError(f"views is 0, 1 or 2, not {views!r}")
        self.class_weight, self.views = class_weight, views

    def supports(self, counts: Sequence[int]) -> str:
        return two_classes(counts) or super().supports(counts)

    @property
    def request(self) -> StageRequest:
        """The translated training set, or the translator itself."""
        return StageRequest.of("Views", views=self.views) if self.views else StageRequest("CycleGAN")

    def requires(self, counts: Sequence[int], protocol: Protocol) -> tuple[Request, ...]:
        return (self.request,)

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        from bench.methods.translators.joint import with_views

        views = self.artifacts.get(self.request)
        return with_views(train, views) if isinstance(views, torch.Tensor) else train

    def sampler(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        from bench.methods.translators.joint import equal_kinds

        return equal_kinds(labels, 1 + self.views, rng)

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        from bench.methods.translators.joint import majority_weights

        return majority_weights(counts, self.class_weight, self._counts)

    def fit(self, trainer: Training) -> Trained:
        from bench.methods.translators.joint import train_epoch

        if self.views:
            return trainer.run()
        for _ in range(trainer.protocol.epochs):
            train_epoch(trainer, self.artifacts[self.request])  # type: ignore[arg-type]
            trainer.check()
        return trainer.selected()
