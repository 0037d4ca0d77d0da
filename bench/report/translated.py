"""Translated: real test images and what stored translators make of them, drawn again at every report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.analysis.measured import trained_epochs
from bench.analysis.metrics import commonest, rarest
from bench.data.cache import open_cache, prepare
from bench.data.parts import leading
from bench.errors import DataError, StoreError
from bench.images import ImageSet
from bench.papers import shelf
from bench.plan.config import Config
from bench.plan.grid import dataset_named
from bench.plan.job import Job
from bench.report.pictures.picture import Picture
from bench.report.pictures.translations import AtPlace, Direction, figure
from bench.stage import Translator
from bench.store.artifacts import ARTIFACT, Weights
from bench.training.device import Device

EXAMPLES = 2  # images of each class and place: the first of the test part, whatever they show
Labelled = dict[str, Job]  # measurements by what their translators are called


@dataclass(frozen=True)
class LeftOut:
    """A picture that could not be drawn, and why, in one line."""

    name: str
    reason: str


def translation_grid(
    task: str, jobs: Iterable[Job], weights: Weights, test: Callable[[], ImageSet]
) -> Picture | LeftOut | None:
    """Return the grid of all places whose translators are stored; None where no job makes any.

    There is a column for the stage's translator that was trained longest, and one for that of each method's seed 0.
    Places that lack one of them are left out.

    Parameters
    ----------
    jobs
        The dataset's.
    test
        Opens the test images at the size that translators are judged at; called only if there are weights.
    """
    wanted = _translators(jobs)
    if not wanted:
        return None
    stored = {
        place: {k: job for k, job in named.items() if _is_stored(job, weights)} for place, named in wanted.items()
    }
    labels = list(dict.fromkeys(label for named in stored.values() for label in named))
    whole = {place: named for place, named in stored.items() if labels and named.keys() >= {*labels}}
    name = f"{task}_translations"
    if not whole:
        return LeftOut(name, "the weights of its translators are not here")
    try:
        images = test()
        groups = [_group({label: named[label] for label in labels}, images, weights) for named in whole.values()]
    except (DataError, StoreError) as error:
        return LeftOut(name, " ".join(str(error).split()))
    job = next(iter(next(iter(whole.values())).values()))
    majority, minority = (job.task.classes[label] for label in _roles(job))
    return figure(groups, majority, minority, name, f"{shelf.shown(task)}: translated test images")


def open_test(task: str, config: Config) -> ImageSet:
    """Open a dataset's whole test part at the size that the classifier sees, decoded where it is not yet.

    Raises
    ------
    DataError, StoreError
        Images are missing, or not those of the edition; or they cannot be decoded into the cache.
    """
    dataset = dataset_named(task, config)
    split, size = dataset.split(), config.profile.protocol(task).image_size
    pixels = open_cache(prepare(dataset, split, "test", size, config.paths.cache))
    return leading(pixels, split.counts("test"), split.counts("test"))


def _translators(jobs: Iterable[Job]) -> dict[str, Labelled]:
    """Return the measurements of the translators to be shown, by place; no ablation is among them."""
    found: dict[str, Labelled] = {}
    for job in sorted(jobs, key=lambda it: (min(it.task.counts), -max(it.task.counts))):
        if job.kind == "measurement" and not job.streams.stage and not job.streams.order and not _generates(job):
            label = job.needs[0].stage.name if job.needs[0].file == ARTIFACT else job.method
            if "(" not in label:
                named = found.setdefault(job.task.place, {})
                named[label] = max(named.get(label, job), job, key=_epochs)
    return found


def _generates(job: Job) -> bool:
    """Return whether what is judged makes images of noise: it turns none into another."""
    return job.needs[0].stage.build().generates


def _epochs(job: Job) -> int:
    return trained_epochs(job.needs[0].stage) or 0


def _is_stored(job: Job, weights: Weights) -> bool:
    return weights.find(job.needs[0].id, job.needs[0].file) is not None


def _group(named: Labelled, test: ImageSet, weights: Weights) -> AtPlace:
    """Return both directions at one place."""
    job = next(iter(named.values()))
    majority, minority = _roles(job)
    device = Device.best()
    with device.session(job.protocol):
        translators = {label: _opened(each, weights, device) for label, each in named.items()}
        directions = [_direction(test, source, translators, device) for source in (majority, minority)]
    return AtPlace(job.task.counts[minority], job.task.counts[majority], *directions)


def _opened(job: Job, weights: Weights, device: Device) -> Translator:
    need = job.needs[0]
    made: Translator = need.stage.build().open(weights.load(need.id, need.file), job.task.counts, device)
    return made


def _direction(test: ImageSet, source: int, translators: Mapping[str, Translator], device: Device) -> Direction:
    real = test.batch(test.positions(source)[:EXAMPLES])[0]
    translated = {
        label: _pixels(translator.translate(device.images(real), source)) for label, translator in translators.items()
    }
    return Direction(real.numpy(), translated)


def _roles(job: Job) -> tuple[int, int]:
    """Return the labels of the majority and of the minority class."""
    return commonest(job.task.counts), rarest(job.task.counts)


def _pixels(images: Tensor) -> np.ndarray:
    """Return images in [-1, 1] as uint8."""
    values: np.ndarray = images.add(1).mul(127.5).round().clamp(0, 255).to("cpu", torch.uint8).numpy()
    return values
