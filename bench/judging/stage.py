"""The evaluator as a stage: a judge fine-tuned once for a dataset, and asked about every translator."""

from __future__ import annotations

from collections.abc import Sequence

from bench.judging.finetune import finetune
from bench.judging.judge import Judge, load
from bench.judging.settings import Settings as EvaluatorSettings
from bench.judging.supply import supply
from bench.registry import register_stage
from bench.stage import Made, Material, Stage, Tensors
from bench.streams import Streams
from bench.training.device import Device


@register_stage("Evaluator", reference="Sahoo et al. 2020, arXiv:2008.05524, section 4")
class Evaluator(Stage):
    """A network with ImageNet weights, fine-tuned on balanced real images to tell a task's classes apart (`seed`)."""

    Settings = EvaluatorSettings
    settings: EvaluatorSettings
    whole_split = True
    stream = "none"

    def make(self, material: Material) -> Made:
        streams = Streams.of(material.streams.stage)
        images = supply(material.train, material.spare, self.settings, streams)
        tuned = finetune(images.train, images.selection, self.settings, streams, material.device)
        spare = float(images.origin == "spare")
        chosen = {"selected_epoch": float(tuned.selected_epoch), "from_spare_images": spare}
        return Made(tuned.weights, [row | chosen for row in tuned.history])

    def open(self, tensors: Tensors, counts: Sequence[int], device: Device) -> Judge:
        return load(self.settings.network, tensors, device)
