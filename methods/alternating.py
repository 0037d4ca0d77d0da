"""ALT: classifier and translator train in turn, and the classifier teaches the translator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bench.images import ImageSet
from bench.method import Method, Trained, Training
from bench.methods.translators.cyclegan import CycleGAN, Extra, step_operations
from bench.methods.translators.joint import equal_kinds, majority_weights, pairs, with_views
from bench.methods.translators.settings import CycleGANSettings
from bench.methods.translators.stages import two_classes
from bench.methods.translators.training import GanTraining, at_size, majority_and_minority
from bench.methods.translators.translator import MULTIPLE, TrainedCycleGAN, opened, views
from bench.protocol import Protocol
from bench.registry import register
from bench.stage import Request, StageRequest
from bench.training.inputs import random_crops

TRANSLATOR = StageRequest("CycleGAN")


@register("ALT", reference="Sahoo et al. 2020, arXiv:2008.05524")
class Alternating(Method):
    """Go on training the translator in blocks between the classifier's, with the classifier as its frozen teacher.

    Parameters
    ----------
    blocks, classifier_epochs, gan_epochs
        So many times: epochs of the classifier, then epochs of the translator. 5 of 5 + 5 are the paper's 50 epochs.
    teacher_every
        The classifier's term of eq. 7 is taken on whole images, every so many steps and that much heavier. Where the
        translator trains on whole images, 1 takes it on those of the step itself.
    class_weight, views
        As for AUG; with views, the training set is translated anew for every block.
    """

    unequal_classes = True
    leaves = "CycleGAN"

    def __init__(
        self,
        blocks: int = 5,
        classifier_epochs: int = 5,
        gan_epochs: int = 5,
        teacher_every: int = 1,
        class_weight: Literal["inverse", "off"] = "inverse",
        views: int = 0,
    ) -> None:
        if min(blocks, classifier_epochs, gan_epochs, teacher_every) < 1:
            raise ValueError("blocks, classifier_epochs, gan_epochs and teacher_every are at least 1")
        if class_weight not in ("inverse", "off"):
            raise ValueError(f"class_weight is inverse or off, not {class_weight!r}")
        if views not in (0, 1, 2):
            raise ValueError(f"views is 0, 1 or 2, not {views!r}")
        self.blocks, self.classifier_epochs, self.gan_epochs = blocks, classifier_epochs, gan_epochs
        self.teacher_every, self.class_weight, self.views = teacher_every, class_weight, views

    def supports(self, counts: Sequence[int]) -> str:
        return two_classes(counts) or super().supports(counts)

    def requires(self, counts: Sequence[int], protocol: Protocol) -> tuple[Request, ...]:
        return (TRANSLATOR,)

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        if not self.views:
            return train
        # Room for the translations, which every block makes anew.
        return with_views(train, train.pixels[train.rows].repeat(self.views, 1, 1, 1))

    def sampler(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        return equal_kinds(labels, 1 + self.views, rng) if self.views else torch.randperm(len(labels), generator=rng)

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return majority_weights(counts, self.class_weight)

    def extra_operations(self, counts: Sequence[int], settings: Callable[[str], Any]) -> float:
        gan: CycleGANSettings = settings(TRANSLATOR.name)
        epochs = self.blocks * self.gan_epochs
        return epochs * max(counts) / gan.batch_size * step_operations(gan)

    def fit(self, trainer: Training) -> Trained:
        start: TrainedCycleGAN = self.artifacts[TRANSLATOR]  # type: ignore[assignment]
        real = trainer.train.take(torch.arange(len(trainer.train) // (1 + self.views)))
        gan = CycleGAN(start.settings, trainer.streams, trainer.device)
        training = GanTraining(
            gan, real, trainer.protocol.flip, lambda use: trainer.streams.torch("order", use=f"translator {use}")
        )
        training.restore(start.state)
        training.history = []
        for _ in range(self.blocks):
            self._classifier_block(trainer, real, training, start)
            self._gan_block(trainer, training)
        state = training.state()
        kept = {name: value for name, value in state.items() if name.startswith("weights.") or name == "scale"}
        return replace(trainer.selected(), artifacts={"translator": kept})

    def _classifier_block(
        self, trainer: Training, real: ImageSet, training: GanTraining, start: TrainedCycleGAN
    ) -> None:
        state = {name: value.detach().clone() for name, value in training.gan.networks.state_dict().items()}
        now = opened(
            {f"weights.{name}": value for name, value in state.items()} | {"scale": torch.tensor([training.scale])},
            start.settings,
            real.counts.tolist(),
            trainer.device,
        )
        if self.views:
            trainer.train = with_views(real, views(now.translator, real, self.views, trainer.device))
        for _ in range(self.classifier_epochs):
            trainer.train_epoch(None if self.views else pairs(trainer, now))
            trainer.check()

    def _gan_block(self, trainer: Training, training: GanTraining) -> None:
        before = len(training.history)
        with _frozen(trainer.model):
            teacher = _Teacher(trainer, training, self.teacher_every)
            training.train_until(training.epoch + self.gan_epochs, teacher=teacher)
        rows = training.history[before:]
        steps = len(rows) * training.steps
        trainer.history[-1] |= {
            "gan_epoch": rows[-1]["epoch"],
            "gan_seconds": sum(row["seconds"] for row in rows),
            "gan_flops": steps * step_operations(training.gan.settings),
            **{name: rows[-1][name] for name in ("generator_loss", "discriminator_loss", "cycle_loss")},
        }


class _Teacher:
    """The classifier's term of eq. 7: -log z(G_AB(a)) - log(1 - z(G_BA(b))), without 1/gamma."""

    def __init__(self, trainer: Training, training: GanTraining, every: int) -> None:
        self.trainer, self.training, self.every = trainer, training, every
        self.labels = majority_and_minority(training.train.counts)
        self.size = trainer.protocol.image_size
        # Of images that the translator sees reduced, a crop shows as much of the picture as the classifier's.
        self.on_crops = round(training.gan.settings.crop_size / training.scale) == self.size

    def __call__(self, step: int, a: Tensor, b: Tensor) -> Extra | None:
        if step % self.every:
            return None
        if self.on_crops:
            return lambda fake_b, fake_a: self.every * self._loss(fake_b, fake_a)
        return lambda *_: self.every * self._loss(*self._translated(step, a, b))

    def _translated(self, step: int, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        gan, training = self.training.gan, self.training
        rng = training.draw(f"whole {training.epoch + 1} {step}")
        size, flip = MULTIPLE * round(self.size * training.scale / MULTIPLE), self.trainer.protocol.flip
        whole_a, whole_b = (
            gan.device.images(random_crops(training.train, positions, size, rng, flip)).to(gan.dtype)
            for positions in (a, b)
        )
        return gan.networks["AB"](whole_a), gan.networks["BA"](whole_b)

    def _loss(self, fake_b: Tensor, fake_a: Tensor) -> Tensor:
        label_a, label_b = self.labels
        with self.trainer.device.autocast(self.trainer.protocol):
            logits_b, logits_a = (self.trainer.model(at_size(fake.float(), self.size)) for fake in (fake_b, fake_a))
        wanted_b = torch.full((len(fake_b),), label_b, device=fake_b.device)
        wanted_a = torch.full((len(fake_a),), label_a, device=fake_a.device)
        return F.cross_entropy(logits_b.float(), wanted_b) + F.cross_entropy(logits_a.float(), wanted_a)


@contextmanager
def _frozen(model: torch.nn.Module) -> Iterator[None]:
    """Hold a model in evaluation mode, its weights without gradients."""
    model.eval().requires_grad_(False)
    try:
        yield
    finally:
        model.requires_grad_(True)
