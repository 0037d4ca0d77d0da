"""Illustrate: every picture of a report, from records, and from images and weights where they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, islice

import numpy as np

from bench.errors import DataError, StoreError
from bench.images import ImageSet
from bench.plan.grid import dataset_named
from bench.record import Record
from bench.papers.sahoo2020 import tables as paper
from bench.report.ablation import ablated, main_rows
from bench.report.charts import Subject, charts, critical_difference
from bench.analysis.experiments import control_figures, costs, repeats_by_source
from bench.report.gallery import gallery
from bench.analysis.gather import Gathered, narrowed
from bench.report.translated import open_test, translation_grid
from bench.report.pictures.draw import draw
from bench.report.pictures.picture import Picture, in_palette
from bench.report.pictures.variance import Source as Bar
from bench.statistics.noise import components
from bench.store.artifacts import CLASSIFIER, Weights

SHOWN = "acsa"  # the figure whose variance is taken apart


def illustrate(found: Gathered, subjects: Mapping[str, Subject]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the pictures of all datasets, as the page has all, and a line for each that could not be drawn."""
    tasks = list(found.sources)
    compared = {task: subject.outcomes for task, subject in subjects.items()}
    diagram = critical_difference(compared, "f1_minority", "Mean ranks: F1 of the minority class")
    waiting = {task: list(charts(subjects[task], found.records.get)) for task in tasks if task in subjects}
    every = [*([diagram] if diagram else []), *chain(*waiting.values())]
    drawn = draw(every, here=found.config.run.executor == "inline")  # in other processes, while networks run here
    with_images = {task: list(_with_images(task, found)) for task in tasks}
    pictures = list(islice(drawn, 1 if diagram else 0))
    for task in tasks:
        pictures += islice(drawn, len(waiting.get(task, ())))
        pictures += (each for each in with_images[task] if isinstance(each, Picture))
    return tuple(pictures), tuple(each for task in tasks for each in with_images[task] if isinstance(each, str))


def subjects_of(found: Gathered) -> dict[str, Subject]:
    """Return every dataset that has records as charts need it."""
    recorded = dict.fromkeys(task for task, _ in found.outcomes)
    return {task: _subject(task, found) for task in recorded}


def _subject(task: str, found: Gathered) -> Subject:
    source, config = found.sources[task], narrowed(found.config, task)
    rows = main_rows(found.frame[found.frame["task"] == task])
    cells = [cell for cell in source.grid.cells if not cell.translator and not ablated(cell.method)]
    outcomes = {count: it for (name, count), it in found.outcomes.items() if name == task}
    spent = {(place[1], method): cost for (place, method), cost in costs(source.grid, found.records.get).items()}
    return Subject(
        task,
        paper.shown(task),
        str(rows["minority"].iloc[0]),
        rows,
        cells,
        outcomes,
        spent,
        control_figures(config, found.records.get, found.adjust_of),
        noise_of(task, found),
        found.adjust_of,
    )


def noise_of(task: str, found: Gathered) -> list[Bar]:
    """Return the standard deviation by source, of the experiment of `imbench noise` and of the seeds themselves."""
    protocol = found.config.profile.protocol(task).model_dump()
    rows = {job.id: job.method for job in found.sources[task].grid.jobs if job.kind == "fit"}
    spelled = {method_parts(found.records[id]): method for id, method in rows.items() if id in found.records}

    def method_of(record: Record) -> str | None:
        return spelled.get(method_parts(record))

    mine = [it for it in found.records.values() if it.identity.get("dataset") == task]
    repeats = repeats_by_source(mine, protocol, found.adjust_of, method_of)
    bars: list[Bar] = []
    for name, methods in repeats[min(repeats)].items() if repeats else ():  # at the smallest count
        runs = {method: [run[SHOWN] for run in values] for method, values in methods.items() if len(values) > 1}
        most = max(map(len, runs.values()), default=0)
        whole = {method: runs[method] for method in rows.values() if len(runs.get(method, ())) == most > 0}
        if whole:
            component = components({name: np.array(list(whole.values()))})[0]
            ends = (float(np.sqrt(component.low)), float(np.sqrt(component.high)))
            called = "translator" if name == "stage" else name
            bars.append(Bar(called, component.sd, most * len(whole), *ends, methods=tuple(whole)))
    return bars


def method_parts(record: Record) -> str:
    """Return what identifies a record's method, as text."""
    return str(record.identity.get("method"))


def _with_images(task: str, found: Gathered) -> Iterator[Picture | str]:
    source, config = found.sources[task], found.config
    weights, test = Weights(source.store.root), partial(open_test, task, config)
    grid = translation_grid(task, source.grid.jobs, weights, test)
    ready = partial(_on_page, private=dataset_named(task, config).has_files)
    if isinstance(grid, Picture):
        yield ready(grid)
    elif grid:
        yield f"{grid.name}: {grid.reason}"
    fits = [job for job in source.grid.jobs if job.kind == "fit"]
    if not any(weights.find(job.id, CLASSIFIER) for job in fits):
        yield f"{task}: feature and heat maps left out: no classifier's weights are here (`imbench run --weights`)"
        return
    try:
        images: ImageSet = test()
    except (DataError, StoreError) as error:
        yield f"{task}: heat maps left out: {' '.join(str(error).split())}"
        return
    shown = gallery(task, paper.shown(task), source.grid, weights, images, config, config.report.rise_masks)
    yield from map(ready, shown.pictures)
    yield from shown.left_out


def _on_page(picture: Picture, private: bool) -> Picture:
    """Return a picture ready for the page, with few colours, if it shows images that may be passed on."""
    if private or not picture.shows_images:
        return picture
    return replace(picture, png=in_palette(picture.png, images=True), shows_images=False)
