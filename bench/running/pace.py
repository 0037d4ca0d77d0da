"""How long an operation of a stage takes on this machine: some of its steps on made-up images, timed and remembered.

A classifier's speed says little of a translator's: layers of other sizes reach other shares of what a processor can do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.images import ImageSet
from bench.networks.layers.classifier import Draws
from bench.networks.network import network_of
from bench.plan.job import TRAINED, Job, StageCall
from bench.protocol import Protocol
from bench.record import digest
from bench.registry import STAGES
from bench.running.speed import clock_of, machine, read_speeds, write_speeds
from bench.stage import Made, Material, Reads, Request, Stage, StageRequest, Tensors
from bench.streams import Streams
from bench.training.device import Device

SettingsOf = Callable[[str, str], Mapping[str, object]]  # of a stage, by dataset and name
FEW, MORE = 2, 6  # steps, so that what is done once does not count
LOOKS = 20  # images that a judge looks at
ONCE: Mapping[str, object] = {"latents_per_class": 1, "latents_searched": 1}  # work after the steps, however many


class Paces:
    """Seconds per operation of stages, by what they are told.

    Parameters
    ----------
    file
        Where they are remembered, by machine, stage and settings.
    settings
        What a profile tells a stage.
    measure
        Whether to measure what is not remembered; that loads torch, and takes seconds.
    """

    def __init__(self, file: Path, settings: SettingsOf, measure: bool = True) -> None:
        self._file, self._settings, self._measure = file, settings, measure
        self._known: dict[str, float] = read_speeds(file)
        self._failed: set[str] = set()

    def of(self, job: Job) -> float | None:
        """Return the seconds that an operation takes which is not a classifier's own; None where nobody knows.

        Of a fit that is the stage which made its images, of a measurement its judges' network.
        """
        if (call := _timed(job)) is None:
            return None
        judges = STAGES[call.name].cls.judges  # alike but for their seed; a training is alike however long it is
        parameters = {} if judges else {name: it for name, it in call.parameters.items() if name != "epochs"}
        told = [call.name, parameters, dict(call.settings), job.protocol.load_size, len(job.task.counts)]
        key = f"{machine(job.protocol)}, {call.name} {digest(told)}"
        if key not in self._known and key not in self._failed and self._measure:
            try:
                self._known[key] = 1 / self._measured(job, call.name, parameters)
                write_speeds(self._file, self._known)
            except Exception:  # a plugin's, say, or weights that are not here: then nobody knows
                self._failed.add(key)
        return 1 / self._known[key] if key in self._known else None

    def _measured(self, job: Job, name: str, parameters: Mapping[str, object]) -> float:
        device = Device.best()
        trial = Trial(job.protocol, len(job.task.counts), device, lambda stage: self._settings(job.task.dataset, stage))
        with device.session(job.protocol):
            if STAGES[name].cls.judges:
                return trial.seconds_of_looks(name)
            return trial.seconds_of_steps(StageRequest.of(name, **parameters))


def _timed(job: Job) -> StageCall | None:
    """Return the stage whose steps, or whose looks at images, tell how long a job takes; None where none does."""
    calls = [job.call] if job.call else []
    calls += [need.stage for need in job.needs if need.fit is None]
    if job.kind == "measurement":
        calls = [call for call in calls if STAGES[call.name].cls.judges]
    elif job.kind in TRAINED:
        calls = [call for call in calls if not STAGES[call.name].cls.judges]
    return next((call for call in calls if {"epochs", "steps"} & {*STAGES[call.name].cls.Settings.model_fields}), None)


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
