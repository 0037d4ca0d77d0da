"""One fit, from images to predictions; read it top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from torch import Tensor, nn

from bench.images import ImageSet
from bench.method import Counts
from bench.protocol import Protocol
from bench.record import Cost, Predictions
from bench.stage import Request
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.device import Device
from bench.training.trainer import Trainer


class Sealed:
    """A part of test images: it can be opened once, after selection."""

    def __init__(self, images: ImageSet) -> None:
        self._images: ImageSet | None = images

    def open(self) -> ImageSet:
        """Return the images.

        Raises
        ------
        RuntimeError
            They were opened before.
        """
        if self._images is None:
            raise RuntimeError("the test set of this fit has already been read")
        images, self._images = self._images, None
        return images


@dataclass(frozen=True, eq=False)
class Parts:
    """What a fit may see: training and validation images at once, test images once, at the end.

    `extended` are further test images, where the split has some; nothing is selected by them either.
    """

    train: ImageSet
    validation: ImageSet
    test: Sealed
    extended: Sealed | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit leaves: predictions, the selected epoch, the history of every epoch, its cost and its weights."""

    validation: Predictions
    test: Predictions
    extended: Predictions | None
    selected_epoch: int
    history: list[dict[str, float]]
    cost: Cost
    weights: dict[str, Tensor]
    artifacts: dict[str, dict[str, Tensor]]
    chosen: dict[str, float]


def fit(
    method: Composition,
    parts: Parts,
    protocol: Protocol,
    streams: Streams,
    device: Device,
    artifacts: Mapping[Request, object] = MappingProxyType({}),
) -> Fitted:
    """Train one classifier on one task and read the test set once.

    Parameters
    ----------
    artifacts
        What the method required, by request.

    Raises
    ------
    TrainingDiverged
        A loss became NaN or infinite.
    """
    started = time.perf_counter()
    method = method.bind(artifacts)
    with device.session(protocol):
        train = method.hook("resample")(parts.train, streams.numpy("resampling"))
        counts = Counts(original=parts.train.counts, effective=train.counts)
        method = method.for_counts(counts)
        trainer = Trainer(method, train, parts.validation, counts, protocol, streams, device)
        trained = method.hook("fit")(trainer)
        validation = predictions(trainer, trained.model, parts.validation)
        test = predictions(trainer, trained.model, parts.test.open())
        extended = predictions(trainer, trained.model, parts.extended.open()) if parts.extended else None
        cost = Cost(
            seconds=time.perf_counter() - started,
            train_images=trainer.images_seen,
            flops=trainer.flops(),
            peak_memory_bytes=device.peak_memory(),
        )
    weights = {name: value.cpu() for name, value in trained.model.state_dict().items()}
    return Fitted(
        validation=validation,
        test=test,
        extended=extended,
        selected_epoch=trained.selected_epoch,
        history=trained.history,
        cost=cost,
        weights=weights,
        artifacts=trained.artifacts,
        chosen=trained.chosen,
    )


def predictions(trainer: Trainer, model: nn.Module, images: ImageSet) -> Predictions:
    """Return a part's probabilities, class after class."""
    order = np.argsort(images.labels.numpy(), kind="stable")
    return Predictions.of(images.labels.numpy()[order], trainer.predict(model, images)[order])
