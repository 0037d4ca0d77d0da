"""Illustrate: every picture of a report, from records, and from images and weights where they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, islice

from bench.analysis.gather import Gathered
from bench.errors import DataError, StoreError
from bench.images import ImageSet
from bench.plan.grid import dataset_named
from bench.report.charts import charts, critical_difference
from bench.report.gallery import gallery
from bench.report.grids import sample_grids
from bench.report.pictures.draw import draw
from bench.report.pictures.picture import Picture, in_palette
from bench.report.subject import Subject
from bench.report.translated import open_test, translation_grid
from bench.store.artifacts import CLASSIFIER, Weights


def illustrate(found: Gathered, subjects: Mapping[str, Subject]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the pictures of all datasets, as the page has all, and a line for each that could not be drawn."""
    tasks = list(found.origins)
    diagrams = list(critical_difference(list(subjects.values())))
    waiting = {task: list(charts(subjects[task])) for task in tasks if task in subjects}
    every = [*diagrams, *chain(*waiting.values())]
    drawn = draw(every, here=found.config.run.executor == "inline")  # in other processes, while networks run here
    with_images = {task: list(_with_images(subjects[task], found)) for task in tasks if task in subjects}
    pictures = list(islice(drawn, len(diagrams)))
    for task in waiting:
        pictures += islice(drawn, len(waiting[task]))
        pictures += (each for each in with_images[task] if isinstance(each, Picture))
    return tuple(pictures), tuple(each for them in with_images.values() for each in them if isinstance(each, str))


def _with_images(subject: Subject, found: Gathered) -> Iterator[Picture | str]:
    task, config = subject.task, found.config
    origin = found.origins[task]
    weights, test = Weights(origin.store.root), partial(open_test, task, config)
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
