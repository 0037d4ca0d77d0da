"""Small generators, trained or not, for the tests of what needs one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from builders import CPU, images, tiny
from torch import nn

from bench import registry
from bench.images import ImageSet
from bench.registry import STAGES
from bench.stage import Checkpoint, FitRequest, Made, Material, Reads, Request, Stage, StageRequest
from bench.streams import Streams

GAN = {"image_size": 16, "width": 0.03, "steps": 4, "batch_size": 6}
AUTOENCODED = {"image_size": 16, "width": 0.03, "epochs": 1, "batch_size": 6}
SMALL: dict[str, dict[str, Any]] = {
    "BAGAN-AE": {"epochs": 1, "batch_size": 6},
    "BAGAN-GP-AE": {"epochs": 1, "batch_size": 6},
    "BAGAN": AUTOENCODED,
    "BAGAN-GP": AUTOENCODED,
    "GAN": GAN,
    "ACGAN": GAN,
    "cGAN": GAN,
    "CBGAN": GAN | {"classifier": "Vanilla", "latents_per_class": 5, "latents_searched": 4},
    "GAMO": {"image_size": 16, "width": 0.03, "steps": 4, "batch_size": 6},
}
GENERATORS = ("BAGAN", "BAGAN-GP", "GAN", "ACGAN", "cGAN", "CBGAN", "GAMO")


class Forgetful:
    """A checkpoint that is never due."""

    due = False

    def load(self) -> dict[str, torch.Tensor] | None:
        return None

    def save(self, state: Mapping[str, torch.Tensor]) -> None:
        raise AssertionError("it was not due")


def stage(name: str, parameters: Mapping[str, object] | None = None, **settings: Any) -> Stage:
    """Return a stage with the smallest settings."""
    registry.load()
    cls = STAGES[name].cls
    return cls(cls.Settings(**(SMALL[name] | settings)), parameters or {})


def made(
    made_by: Stage, train: ImageSet, checkpoint: Checkpoint | None = None, stream: int = 0, **settings: Any
) -> Made:
    """Return what a stage makes of a training set, and before it what that needs, with the smallest settings."""
    counts = tuple(train.counts.tolist())
    needed: dict[Request, Any] = {}
    for request in made_by.requires(counts):
        needed[request] = classifier(len(counts)) if isinstance(request, FitRequest) else untrained(request, train)
    seen = Reads(tiny(), made_by.reads, "small")
    spare = train.take(torch.zeros(0, dtype=torch.int64))
    return made_by.make(
        Material(train, spare, seen, Streams(stage=stream), CPU, needed, checkpoint or Forgetful())  # type: ignore[arg-type]
    )


def untrained(request: StageRequest, train: ImageSet) -> Any:
    """Return the artifact of a request, opened, after the shortest training there is."""
    answering = stage(request.name, dict(request.parameters))
    return answering.open(made(answering, train).tensors, train.counts.tolist(), CPU)


def classifier(n_classes: int, side: int = 32) -> nn.Module:
    """Return a frozen linear classifier of images."""
    layer = nn.Linear(3 * side * side, n_classes)
    with torch.no_grad():
        layer.weight.normal_(0.0, 0.1, generator=torch.Generator().manual_seed(5))
        layer.bias.zero_()
    return nn.Sequential(nn.Flatten(), layer).requires_grad_(False).eval()


def task(counts: tuple[int, ...] = (12, 7, 3)) -> ImageSet:
    """Return a task's random training images."""
    return images(counts)
