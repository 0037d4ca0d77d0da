"""Sections: what a page of findings is made of, before anybody knows that it will be markdown."""

from __future__ import annotations

from dataclasses import dataclass

from bench.report.pictures.picture import Picture


@dataclass(frozen=True)
class Link:
    """A text that leads to a file, relative to the root of the repository."""

    text: str
    target: str


Entry = str | Link


@dataclass(frozen=True)
class Grid:
    """A table. A `folded` one is closed under its title until a reader opens it."""

    header: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    title: str = ""
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page: a few sentences, tables, charts, and a line for each thing that there is no record of yet."""

    title: str
    words: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    pictures: tuple[Picture, ...] = ()
    lacking: tuple[str, ...] = ()
