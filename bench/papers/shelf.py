"""The shelf: every paper there is, found by its folder, and what they say together."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

import pandas as pd

import bench.papers
from bench.analysis.layout import Layout, adopted
from bench.analysis.layout import ablated as ablated_of
from bench.papers.paper import Paper


@cache
def papers() -> tuple[Paper, ...]:
    """Return the papers, by the names of their folders: a package with a value `PAPER` is one."""
    found = []
    for info in pkgutil.iter_modules(bench.papers.__path__, f"{bench.papers.__name__}."):
        if info.ispkg:
            found.append(importlib.import_module(info.name).PAPER)
    return tuple(found)


def layouts() -> tuple[Layout, ...]:
    """Return the layouts of all tables of methods, paper after paper."""
    return tuple(layout for paper in papers() for layout in paper.tables)


def shown(task: str) -> str:
    """Return what papers call a dataset of ours; one that none has goes by its name."""
    return next((paper.tasks[task] for paper in papers() if task in paper.tasks), task)


def tasks() -> frozenset[str]:
    """Return the names of the datasets that some paper's tables show."""
    return frozenset(task for layout in layouts() for task in layout.tasks)


def paper_of(task: str) -> Paper | None:
    """Return the first paper that has a dataset of ours."""
    return next((paper for paper in papers() if task in paper.tasks), None)


@cache
def ablated(method: str) -> str:
    """Return which row of some paper a method is an ablation of, "" if of none."""
    return ablated_of(method, frozenset(row for layout in layouts() for row in layout.methods))


def mapped(task: str) -> tuple[str, ...]:
    """Return the methods whose features a report maps."""
    return next(_said(task, "mapped"), ())


def explained(task: str) -> tuple[str, ...]:
    """Return the methods whose classifiers a report explains by heat maps."""
    return next(_said(task, "explained"), ())


def _said(task: str, what: str) -> Iterator[tuple[str, ...]]:
    """Give what the papers say, that of the dataset's own first."""
    for paper in sorted(papers(), key=lambda it: task not in it.tasks):
        if names := getattr(paper, what):
            yield names


def layouts_as(frame: pd.DataFrame) -> tuple[Layout, ...]:
    """Return the layouts of all tables of methods, their places called as our cells call them."""
    return tuple(adopted(layout, frame) for layout in layouts())
