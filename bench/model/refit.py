"""The same method once more, on training and validation images together, for as long as records say is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_high

import numpy as np
import torch
from torch import Tensor

from bench.data.cache import open_cache, prepare
from bench.data.features import frozen_body, prepare_features
from bench.data.parts import leading
from bench.dataset import Dataset
from bench.errors import TrainingDiverged, UserError
from bench.expression import Expression
from bench.images import ImageSet
from bench.method import Counts, Trained
from bench.networks.network import network_of
from bench.plan.config import Config
from bench.plan.job import Job
from bench.record import Predictions, Record
from bench.running.progress import counting
from bench.running.worker import opened
from bench.store.artifacts import Weights
from bench.training.composition import build
from bench.training.device import Device
from bench.training.fit import predictions
from bench.training.heap import kept_heap
from bench.training.trainer import Trainer

CHOSEN = "validation"  # an argument's value that says that validation images choose it


@dataclass(frozen=True, eq=False)
class Refitted:
    """What training on all images leaves: weights, its images of each class, its epoch, the method with its numbers.

    `chosen` are those of them that validation images of the first record chose; `epochs` are those that records
    selected, one a seed; `test` are the predictions of the test images, which were in no training.
    """

    weights: dict[str, Tensor]
    counts: tuple[int, ...]
    epoch: int
    epochs: tuple[int, ...]
    expression: Expression
    chosen: dict[str, float]
    test: Predictions


def refit(config: Config, dataset: Dataset, job: Job, records: Sequence[Record], weights: Weights) -> Refitted:
    """Train a job's method on its training images and all validation images.

    The schedule is that of the protocol, whole, so that the learning rate is at each epoch what it was; the weights are
    those of the median of the epochs that the records selected. Numbers that were chosen on validation images stay as
    the first record has them: no image is left to choose by.

    Parameters
    ----------
    records
        Of the job, then of its other seeds, as many as there are.

    Raises
    ------
    UserError
        The training diverges, or never checks the epoch whose weights are wanted.
    """
    device, protocol, streams = Device.best(), job.protocol, job.streams
    expression, chosen = settled(_expression(job), records[0])
    artifacts = {need.request: artifact for need, artifact in opened(job, weights, device).items()}
    method = build(expression).bind(artifacts)
    train, validation, test = _images(config, dataset, job, device)
    everything = train.extended(validation.pixels[validation.rows], validation.labels)
    epochs = tuple(record.selected_epoch for record in records if record.selected_epoch is not None)
    with device.session(protocol):
        resampled = method.hook("resample")(everything, streams.numpy("resampling"))
        counts = Counts(original=everything.counts, effective=resampled.counts)
        method = method.for_counts(counts)
        trainer = AtEpoch(method, resampled, validation, counts, protocol, streams, device)
        trainer.wanted = median_high(epochs)
        try:
            trained = method.hook("fit")(trainer)
        except TrainingDiverged as error:
            raise UserError(
                f"{job.label}: training on all images failed, nothing was written: {error}; "
                "`imbench fit` without --all-data writes the model of the first training"
            ) from None
        found = predictions(trainer, trained.model, test)
    state = {name: value.cpu() for name, value in trained.model.state_dict().items()}
    images = tuple(int(n) for n in everything.counts)
    return Refitted(state, images, trainer.wanted, epochs, expression, chosen, found)


def settled(expression: Expression, record: Record) -> tuple[Expression, dict[str, float]]:
    """Return a method in which the numbers that validation images chose are written out, and these numbers."""
    assert record.validation is not None
    method, counts = build(expression), np.asarray(record.identity["counts"])
    tuned = method.tuned(record.validation.probabilities.array(), record.validation.labels, counts)
    chosen, calls, fixed = record.chosen | tuned.chosen, [], dict[str, float]()
    for call, part in zip(expression.calls, method.parts, strict=True):
        open_ones = [key for key, value in part.parameters.items() if value == CHOSEN and key in chosen]
        kept = [(key, value) for key, value in call.arguments if key not in open_ones]
        fixed |= {key: chosen[key] for key in open_ones}
        calls.append(replace(call, arguments=(*kept, *((key, chosen[key]) for key in open_ones))))
    return Expression(tuple(calls)), fixed


class AtEpoch(Trainer):
    """A trainer that asks no image which epoch is best: it keeps the one it was told."""

    wanted = 0

    def check(self) -> None:
        """Remember the weights of the wanted epoch."""
        if self.epoch == self.wanted:
            self._best.offer(self.epoch, self.model, 0.0, 0.0)

    def selected(self) -> Trained:
        """Return the model of the wanted epoch.

        Raises
        ------
        UserError
            That epoch was not checked, or belongs to an earlier phase.
        """
        if self._best.epoch != self.wanted:
            raise UserError(f"epoch {self.wanted} is wanted, and this training does not check it; leave --all-data out")
        return super().selected()


def _expression(job: Job) -> Expression:
    assert job.expression is not None
    return job.expression


def _images(config: Config, dataset: Dataset, job: Job, device: Device) -> tuple[ImageSet, ImageSet, ImageSet]:
    """Return training images as the job cuts them, all validation images at their size, and the test images."""
    protocol, split = job.protocol, dataset.split()
    sizes = {"train": protocol.load_size, "val": protocol.load_size, "test": protocol.image_size}
    files: dict[str, Path] = {}
    with counting(f"{dataset.name}: decoding") as display:
        for part, size in sizes.items():
            files[part] = prepare(dataset, split, part, size, config.paths.cache, display).resolve()
    if network_of(protocol.backbone).views:
        frozen = frozen_body(protocol, device)
        with kept_heap(), counting(f"{dataset.name}: features of {frozen.network.title}") as display:
            views = {part: 1 if part == "test" else frozen.network.views for part in files}
            files = {
                part: prepare_features(file, frozen, views[part], config.paths.cache, display)
                for part, file in files.items()
            }
    pixels: dict[str, torch.Tensor] = {part: open_cache(file) for part, file in files.items()}
    limit = protocol.eval_per_class
    whole = {part: split.counts(part) for part in files}
    cut = {part: tuple(min(n, limit or n) for n in whole[part]) for part in files}
    return (
        leading(pixels["train"], whole["train"], job.task.counts, job.streams),
        leading(pixels["val"], whole["val"], cut["val"]),
        leading(pixels["test"], whole["test"], cut["test"]),
    )
