"""Generated: images that stored generators make of every class, drawn again at every report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from bench.errors import DataError, StoreError
from bench.images import ImageSet
from bench.papers import shelf
from bench.plan.job import Job
from bench.report.pictures.classgrid import figure
from bench.report.pictures.picture import Picture
from bench.report.translated import LeftOut
from bench.store.artifacts import Weights
from bench.training.device import Device
from bench.training.sizes import as_pixels, at_size

EXAMPLES = 4  # images of each class
REAL = "real"


def sample_grids(
    task: str, jobs: Iterable[Job], weights: Weights, test: Callable[[], ImageSet]
) -> Iterator[Picture | LeftOut]:
    """Give a grid for each place with a stored generator; nothing where no job makes any.

    Parameters
    ----------
    jobs
        The dataset's.
    test
        Opens the test images at the size that generators are judged at; called only if there are weights.
    """
    for place, wanted in _generators(jobs).items():
        name = f"{task}_{re.sub(r'[^A-Za-z0-9]+', '-', place).strip('-')}_samples"
        stored = [job for job in wanted if weights.find(job.needs[0].id, job.needs[0].file) is not None]
        if not stored:
            yield LeftOut(name, "the weights of its generators are not here")
            continue
        try:
            yield _grid(name, f"{shelf.shown(task)}, {place}: generated images", stored, weights, test())
        except (DataError, StoreError) as error:
            yield LeftOut(name, " ".join(str(error).split()))


def _generators(jobs: Iterable[Job]) -> dict[str, list[Job]]:
    """Return the measurements of generators of the first stream, by place; each stage once."""
    found: dict[str, dict[str, Job]] = {}
    for job in jobs:
        if job.kind == "measurement" and not job.streams.stage and job.needs[0].stage.build().generates:
            found.setdefault(job.task.place, {}).setdefault(job.needs[0].stage.label, job)
    return {place: list(named.values()) for place, named in found.items()}


def _grid(name: str, title: str, jobs: list[Job], weights: Weights, test: ImageSet) -> Picture:
    first, device = jobs[0], Device.best()
    side, classes = first.protocol.image_size, first.task.classes
    real = [test.batch(test.positions(k)[:EXAMPLES])[0].numpy() for k in range(len(classes))]
    blocks, deaf = {REAL: real}, []
    with device.session(first.protocol):
        for job in jobs:
            need = job.needs[0]
            made: Any = need.stage.build().open(weights.load(need.id, need.file), job.task.counts, device)
            blocks[need.stage.label] = [_made(made, k, side) for k in range(len(classes))]
            deaf += [] if getattr(made, "conditional", True) else [need.stage.label]
    return figure(blocks, classes, first.task.counts, name, title, deaf)


def _made(generator: Any, label: int, side: int) -> np.ndarray:
    rng = torch.Generator().manual_seed(label)
    images = generator.generate(torch.full((EXAMPLES,), label), rng)
    pixels: np.ndarray = as_pixels(at_size(images, side)).numpy()
    return pixels
