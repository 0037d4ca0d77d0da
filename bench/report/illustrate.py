"""Illustrate: every picture of a report, from records, and from images and weights where they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.analysis.gather import Gathered
from bench.errors import DataError, StoreError
from bench.images import ImageSet
from bench.plan.grid import dataset_named
from bench.report.charts import charts, critical_difference
from bench.report.gallery import gallery
from bench.report.grids import sample_grids
from bench.report.pictures.draw import Drawing, draw
from bench.report.pictures.picture import Picture, in_palette
from bench.report.subject import Subject
from bench.report.translated import open_test, translation_grid
from bench.store.artifacts import CLASSIFIER, Weights


class Illustrations:
    """The pictures of all datasets: charts are drawn in other processes while the rest of the report is made."""

    def __init__(self, found: Gathered) -> None:
        self._found = found
        self._drawn: dict[str, Iterator[Picture]] = {}
        self.damaged: list[Path] = []  # artifacts that were moved aside

    def begin(self, subject: Subject) -> None:
        """Begin to draw a dataset's charts."""
        self._drawn[subject.task] = self._draw(charts(subject))

    def finished(self, subjects: Mapping[str, Subject]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
        """Return the pictures of all datasets, as the page has all, and a line for each that could not be drawn."""
        diagrams = self._draw(critical_difference(list(subjects.values())))
        with_images = {task: list(self._with_images(subject)) for task, subject in subjects.items()}
        pictures = list(diagrams)
        for task, drawn in self._drawn.items():
            pictures += drawn
            pictures += (each for each in with_images[task] if isinstance(each, Picture))
        return tuple(pictures), tuple(each for them in with_images.values() for each in them if isinstance(each, str))

    def _draw(self, drawings: Iterable[Drawing]) -> Iterator[Picture]:
        return draw(list(drawings), here=self._found.config.run.executor == "inline")

    def _with_images(self, subject: Subject) -> Iterator[Picture | str]:
        weights = Weights(self._found.origins[subject.task].store.root)
        yield from _with_images(subject, self._found, weights)
        self.damaged += weights.set_aside


def _with_images(subject: Subject, found: Gathered, weights: Weights) -> Iterator[Picture | str]:
    task, config = subject.task, found.config
    origin, test = found.origins[task], partial(open_test, task, config)
    grid = translation_grid(task, origin.grid.jobs, weights, test)
    ready = partial(_on_page, private=dataset_named(task, config).has_files)
    for drawn in (*([grid] if grid else []), *sample_grids(task, origin.grid.jobs, weights, test)):
        yield ready(drawn) if isinstance(drawn, Picture) else f"{drawn.name}: {drawn.reason}"
    fits = [job for job in origin.grid.jobs if job.kind == "fit"]
    if not any(weights.find(job.id, CLASSIFIER) for job in fits):
        yield f"{task}: feature and heat maps left out: no classifier's weights are here (`imbench run --weights`)"
        return
    try:
        images: ImageSet = test()
    except (DataError, StoreError) as error:
        yield f"{task}: heat maps left out: {' '.join(str(error).split())}"
        return
    shown = gallery(subject, origin.grid, weights, images, config)
    yield from map(ready, shown.pictures)
    yield from shown.left_out


def _on_page(picture: Picture, private: bool) -> Picture:
    """Return a picture ready for the page, with few colours, if it shows images that may be passed on."""
    if private or not picture.shows_images:
        return picture
    return replace(picture, png=in_palette(picture.png, images=True), shows_images=False)
