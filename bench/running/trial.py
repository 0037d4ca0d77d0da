"""Stages tried for a few steps, and judges for a few looks, on made-up images: what an operation takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from bench.images import ImageSet
from bench.networks.layers.classifier import Draws
from bench.networks.network import network_of
from bench.protocol import Protocol
from bench.registry import STAGES
from bench.running.speed import clock_of
from bench.stage import Made, Material, Reads, Request, Stage, StageRequest, Tensors
from bench.streams import Streams
from bench.training.device import Device

FEW, MORE = 2, 6  # steps, so that what is done once does not count
LOOKS = 20  # images that a judge looks at
ONCE: Mapping[str, object] = {"latents_per_class": 1, "latents_searched": 1}  # work after the steps, however many


@dataclass(frozen=True)
class Trial:
    """Stages of one protocol, so short that they teach nothing, on images of random pixels."""

    protocol: Protocol
    classes: int
    device: Device
    settings: Callable[[str], Mapping[str, object]]

    def seconds_of_steps(self, request: StageRequest) -> float:
        """Train a stage for a few steps, and for some more; return what an operation more takes."""
        took: list[tuple[float, float]] = []
        batch = int(str(self.settings(request.name).get("batch_size", 1)))
        needed = self._needed(self._short(request, FEW), self._images(MORE * batch))
        for steps in (FEW, MORE):
            stage, clock = self._short(request, steps), clock_of(self.protocol)
            # Where a training is told its steps, images are as many as any step wants; else a pass over them is it.
            images = self._images((MORE if "steps" in stage.Settings.model_fields else steps) * batch)
            started = clock()
            made = self._make(stage, images, needed)
            took.append((clock() - started, made.flops))
        (short, few), (long, more) = took
        return max(long - short, 1e-9) / (more - few)

    def operations_of_steps(self, request: StageRequest) -> float:
        """Count what `seconds_of_steps` has to compute, about."""
        batch = int(str(self.settings(request.name).get("batch_size", 1)))
        counts = (MORE * batch,) * self.classes
        return sum(self._operations(self._short(request, steps), counts) for steps in (FEW, MORE))

    def operations_of_looks(self, name: str) -> float:
        """Count what `seconds_of_looks` has to compute."""
        cls: Any = STAGES[name].cls
        return 2 * LOOKS * float(cls(cls.Settings(**self.settings(name)), {}).use_operations(self.protocol.image_size))

    def _operations(self, stage: Stage, counts: tuple[int, ...]) -> float:
        before = [self._short(it, FEW) for it in stage.requires(counts) if isinstance(it, StageRequest)]
        own = stage.operations(counts, self.protocol, lambda name: STAGES[name].cls.Settings(**self.settings(name)))
        return own + sum(self._operations(it, counts) for it in before)

    def seconds_of_looks(self, name: str) -> float:
        """Let the network of judges look at images; return what an operation takes."""
        from bench.judging.judge import pretrained

        cls: Any = STAGES[name].cls
        judge = cls(cls.Settings(**self.settings(name)), {})
        embedding, side = pretrained(judge.settings.network, self.device), self.protocol.image_size
        pixels, clock = torch.zeros(LOOKS, 3, side, side), clock_of(self.protocol)
        embedding(pixels)
        started = clock()
        embedding(pixels)
        return (clock() - started) / LOOKS / float(judge.use_operations(side))

    def _short(self, request: StageRequest, steps: int) -> Stage:
        cls = STAGES[request.name].cls
        fields = cls.Settings.model_fields
        told = dict(self.settings(request.name)) | {name: value for name, value in ONCE.items() if name in fields}
        if "steps" in fields:
            told |= {"steps": steps, "epochs": None}
        else:
            told |= {"epochs": 1} | ({"compared_epochs": ()} if "compared_epochs" in fields else {})
        return cls(cls.Settings(**told), dict(request.parameters))

    def _needed(self, stage: Stage, images: ImageSet) -> dict[Request, Any]:
        counts, found = (len(images) // self.classes,) * self.classes, dict[Request, Any]()
        for request in stage.requires(counts):
            if isinstance(request, StageRequest):
                before = self._short(request, FEW)
                made = self._make(before, images, self._needed(before, images))
                found[request] = before.open(made.tensors, counts, self.device)
            else:
                draws = Draws(torch.Generator().manual_seed(0), torch.Generator())
                network = network_of(self.protocol.backbone)
                fresh = network.classifier(self.protocol.image_size, self.classes, torch.nn.Linear, draws)
                found[request] = self.device.model(fresh.requires_grad_(False).eval())
        return found

    def _make(self, stage: Stage, images: ImageSet, needed: Mapping[Request, Any]) -> Made:
        seen = Reads(self.protocol, stage.reads, type(stage).__name__)
        return stage.make(Material(images, images, seen, Streams(), self.device, needed, Never()))

    def _images(self, each: int) -> ImageSet:
        rng, size = torch.Generator().manual_seed(0), self.protocol.load_size
        labels = torch.arange(self.classes).repeat_interleave(each)
        pixels = torch.randint(256, (len(labels), 3, size, size), dtype=torch.uint8, generator=rng)
        return ImageSet.of(pixels, labels, self.classes)


class Never:
    """A checkpoint that is never due."""

    due = False

    def load(self) -> dict[str, torch.Tensor] | None:
        """Return nothing: every training starts."""
        return None

    def save(self, state: Tensors) -> None:
        """Keep nothing."""
