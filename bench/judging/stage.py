"""The evaluator as a stage: a judge fine-tuned once for a dataset, and asked about every translator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bench.judging.settings import Settings as EvaluatorSettings
from bench.networks.pretrained import body_operations, pretrained_named
from bench.protocol import Protocol
from bench.registry import register_stage
from bench.stage import Made, Material, Stage, Tensors
from bench.streams import Streams

if TYPE_CHECKING:
    from bench.judging.judge import Judge
    from bench.training.device import Device


@register_stage("Evaluator", reference="Sahoo et al. 2020, arXiv:2008.05524, section 4")
class Evaluator(Stage):
    """A network with ImageNet weights, fine-tuned on balanced real images to tell a task's classes apart (`seed`)."""

    Settings = EvaluatorSettings
    settings: EvaluatorSettings
    whole_split = True
    stream = "none"
    judges = True

    @property
    def uses(self) -> tuple[str, ...]:
        return (type(pretrained_named(self.settings.network)).__module__,)

    def make(self, material: Material) -> Made:
        from bench.judging.finetune import finetune
        from bench.judging.supply import supply

        streams = Streams.of(material.streams.stage)
        images = supply(material.train, material.judging, self.settings, streams)
        tuned = finetune(images.train, images.selection, self.settings, streams, material.device)
        spare = float(images.origin == "spare")
        chosen = {"selected_epoch": float(tuned.selected_epoch), "from_spare_images": spare}
        passes = 3 * len(tuned.history) if self.settings.layers == "all" else 2
        flops = passes * len(images.train) * body_operations(self.settings.network)
        return Made(tuned.weights, [row | chosen for row in tuned.history], flops)

    def operations(self, counts: Sequence[int], protocol: Protocol, settings: Callable[[str], Any]) -> float:
        # Forward and back through the body in every epoch; or once forward, plain and mirrored, under a new head.
        from bench.judging.supply import learned_from

        images = len(counts) * learned_from(min(*counts, self.settings.images_per_class), self.settings)
        passes = 3 * self.settings.epochs if self.settings.layers == "all" else 2
        return images * passes * body_operations(self.settings.network)

    def use_operations(self, image_size: int) -> float:
        return body_operations(self.settings.network)

    def open(self, tensors: Tensors, counts: Sequence[int], device: Device) -> Judge:
        from bench.judging.judge import load

        return load(self.settings.network, tensors, device)
