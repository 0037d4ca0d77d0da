"""The stages that translators are to the harness: a CycleGAN, and the training set translated by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from bench.methods.translators.settings import CycleGANSettings
from bench.protocol import Protocol
from bench.registry import register_stage
from bench.stage import Made, Material, Request, Stage, StageRequest, Tensors

TRANSLATOR = StageRequest("CycleGAN")


def two_classes(counts: Sequence[int]) -> str:
    """Return "" for a task with two classes, else why a translator does not apply."""
    return "" if len(counts) == 2 else f"translates between two classes, the task has {len(counts)}"


@register_stage("CycleGAN", reference="Zhu et al. 2017, arXiv:1703.10593")
class CycleGANStage(Stage):
    """A CycleGAN between the majority and the minority class, trained for `epochs` (default: the settings')."""

    Settings = CycleGANSettings
    settings: CycleGANSettings
    reads = ("load_size", "flip")

    @property
    def epochs(self) -> int:
        """Epochs after which this one is kept."""
        return int(str(self.parameters.get("epochs", self.settings.epochs)))

    def supports(self, counts: Sequence[int]) -> str:
        return two_classes(counts)

    @property
    def before(self) -> StageRequest | None:
        """The same training after fewer epochs: it is continued, not repeated."""
        kept = [self.settings.epochs, *self.settings.compared_epochs]
        fewer = [epochs for epochs in kept if epochs < self.epochs]
        return self._after(fewer[-1]) if fewer else None

    def requires(self, counts: Sequence[int]) -> tuple[Request, ...]:
        return (self.before,) if self.before else ()

    def measured(self) -> tuple[StageRequest, ...]:
        return tuple(self._after(epochs) for epochs in (self.settings.epochs, *self.settings.compared_epochs))

    def make(self, material: Material) -> Made:
        from bench.methods.translators.cyclegan import CycleGAN, step_operations
        from bench.methods.translators.training import GanTraining

        gan = CycleGAN(self.settings, material.streams, material.device)
        training = GanTraining(
            gan, material.train, material.protocol.flip, lambda use: material.streams.torch("stage", use=use)
        )
        before = material.needed[self.before] if self.before else None
        kept = material.checkpoint.load()
        first = 0
        if before is not None:
            training.restore(before.state)
            first = training.epoch
            training.history = []
        if kept is not None:
            training.restore(kept)
        training.train_until(self.epochs, material.checkpoint)
        history, flops = training.history, (self.epochs - first) * training.steps * step_operations(self.settings)
        training.history = []  # the artifact is what the next step depends on; seconds are not
        return Made(training.state(), history, flops)

    def use_operations(self, image_size: int) -> float:
        from bench.methods.translators.cyclegan import translation_operations

        return translation_operations(self.settings.width, self.settings.blocks, image_size)

    def open(self, tensors: Tensors, counts: Sequence[int], device: Any) -> Any:
        from bench.methods.translators.translator import opened

        return opened(tensors, self.settings, counts, device)

    def operations(self, counts: Sequence[int], protocol: Protocol, settings: Callable[[str], Any]) -> float:
        from bench.methods.translators.cyclegan import step_operations

        done = dict(self.before.parameters).get("epochs", self.settings.epochs) if self.before else 0
        epochs = self.epochs - int(str(done))
        return epochs * max(counts) / self.settings.batch_size * step_operations(self.settings)

    def _after(self, epochs: int) -> StageRequest:
        return (
            StageRequest("CycleGAN") if epochs == self.settings.epochs else StageRequest.of("CycleGAN", epochs=epochs)
        )


@register_stage("Views")
class ViewsStage(Stage):
    """The training images, each translated to the other class once, or also mirrored (`views` = 2)."""

    stream = "none"

    def supports(self, counts: Sequence[int]) -> str:
        return two_classes(counts)

    def requires(self, counts: Sequence[int]) -> tuple[Request, ...]:
        return (TRANSLATOR,)

    def make(self, material: Material) -> Made:
        from bench.methods.translators.cyclegan import translation_operations
        from bench.methods.translators.translator import views

        gan = material.needed[TRANSLATOR]
        count = int(str(self.parameters["views"]))
        pixels = views(gan.translator, material.train, count, material.device)
        settings = gan.settings
        each = translation_operations(settings.width, settings.blocks, settings.load_size or pixels.shape[-1])
        return Made({"pixels": pixels}, flops=len(pixels) * each)

    def open(self, tensors: Tensors, counts: Sequence[int], device: Any) -> torch.Tensor:
        return tensors["pixels"]

    def operations(self, counts: Sequence[int], protocol: Protocol, settings: Callable[[str], Any]) -> float:
        from bench.methods.translators.cyclegan import translation_operations

        gan: CycleGANSettings = settings(TRANSLATOR.name)
        each = translation_operations(gan.width, gan.blocks, gan.load_size or protocol.load_size)
        return int(str(self.parameters["views"])) * sum(counts) * each
