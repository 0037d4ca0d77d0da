"""Small translators, trained or not, for the tests of what needs one."""

from __future__ import annotations

from typing import Any

import small_generators
import torch
from builders import CPU, images, tiny

from bench.images import ImageSet
from bench.methods.translators.cyclegan import CycleGAN
from bench.methods.translators.settings import CycleGANSettings
from bench.methods.translators.training import GanTraining
from bench.methods.translators.translator import TrainedCycleGAN, opened, views
from bench.stage import Generator, Request, StageRequest
from bench.streams import Streams
from bench.training.composition import Composition

SMALL = {
    "width": 2,
    "blocks": 1,
    "crop_size": 32,
    "batch_size": 4,
    "epochs": 1,
    "compared_epochs": (2,),
    "constant_epochs": 1,
    "decay_epochs": 2,
    "pool_size": 3,
}


def training(train: ImageSet | None = None, stream: int = 0, **settings: Any) -> GanTraining:
    """Return the start of a CycleGAN's training."""
    streams = Streams(stage=stream)
    gan = CycleGAN(CycleGANSettings(**(SMALL | settings)), streams, CPU)
    task = images((12, 7)) if train is None else train
    return GanTraining(gan, task, True, lambda use: streams.torch("stage", use=use))


def untrained(train: ImageSet) -> TrainedCycleGAN:
    """Return a CycleGAN that has seen nothing yet."""
    start = training(train)
    return opened(start.state(), start.gan.settings, train.counts.tolist(), CPU)


def artifacts(method: Composition, train: ImageSet) -> dict[Request, object]:
    """Return what a method requires for a fit, made by an untrained translator."""
    made: dict[Request, object] = {}
    for request in method.requires(tuple(train.counts.tolist()), tiny()):
        assert isinstance(request, StageRequest)
        if request.name in small_generators.GENERATORS:
            made[request] = small_generators.untrained(request, train)
            continue
        gan = untrained(train)
        times = int(str(dict(request.parameters).get("views", 0)))
        made[request] = views(gan.translator, train, times, CPU) if times else gan
    assert all(isinstance(value, torch.Tensor | TrainedCycleGAN | Generator) for value in made.values())
    return made
