"""Views: one layout as three tables: our figures, the paper's, and both side by side with their difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from bench.analysis.layout import Column, Label, Layout, Part, method_label
from bench.analysis.spots import Key, Place, Spot, method_key
from bench.analysis.summary import Summary, summarise
from bench.analysis.value import Kind, Value
from bench.report.notes import notes
from bench.report.table import Row, Table, difference, mark_best
from bench.statistics.best import Family

SIDE_BY_SIDE, THEIRS = "Side by side", "The paper's"


def ours(layout: Layout, frame: pd.DataFrame, banner: str, interval: bool) -> Table:
    """Return our figures in a layout; `frame` holds the cells of one profile."""
    table = laid_out(layout, _summary(layout, frame), ("ours",))
    spread = any(value.spread(interval) for row in table.rows for value in row.values)
    return replace(
        table,
        caption=_caption(layout, _seeds(layout, frame) + (" ± half its 95 % interval" if spread else "")),
        banner=banner,
        interval=interval,
        notes=notes(layout, frame),
    )


def published(layout: Layout) -> Table:
    """Return the paper's own numbers; bold is put by the same rule as in our tables."""
    table = laid_out(layout, {}, ("paper",))
    source = f"Numbers of {layout.citation}, Table {layout.number}; the marks are ours."
    return replace(
        table,
        name=f"{layout.name}_paper",
        caption=_caption(layout, f"mean over {layout.runs} runs"),
        notes=(source, *layout.remarks),
    )


def side_by_side(layout: Layout, frame: pd.DataFrame, banner: str, families: Mapping[str, Family]) -> Table:
    """Return three lines for each line of the paper's table: ours, the paper's and the difference."""
    table = laid_out(layout, _summary(layout, frame), ("ours", "paper", "difference"))
    source = f"paper: {layout.citation}, Table {layout.number}, mean over {layout.runs} runs."
    return replace(
        table,
        name=f"{layout.name}_side_by_side",
        caption=_caption(layout, _seeds(layout, frame)),
        banner=banner,
        notes=(source, *notes(layout, frame)),
        faint=below_floor(layout, families),
    )


def below_floor(layout: Layout, families: Mapping[str, Family]) -> frozenset[Spot]:
    """Return the spots whose difference to the paper's number is smaller than our seeds could see."""
    spots = set()
    for task, place in layout.places:
        family = families.get(task)
        if family and (found := family.of(place, layout.metric)):
            floor = found.noise.smallest_difference(found.figures.shape[1])
            for method, figures in zip(found.methods, found.figures, strict=True):
                theirs = layout.published.get((method_key(method), (task, place)))
                if theirs is not None and abs(float(figures.mean()) - theirs) < floor:
                    spots.add(Spot(method, task, place))
    return frozenset(spots)


def laid_out(layout: Layout, summary: Summary, kinds: tuple[Kind, ...]) -> Table:
    """Return a layout's table without caption and notes: a line of each kind for every label, the best marked."""
    across = layout.methods_across
    methods = [(method_label(method, across), method_key(method)) for method in layout.methods]
    places = list(zip(layout.place_labels(), layout.places, strict=True))
    first = layout.parts[0]
    stub = (f"#{first.minority}" if first.by_count else "Training images") if across else "Method"
    rows: list[Row] = []
    if across:
        for label, place in places:
            rows += _rows(layout, summary, kinds, label, [(key, place) for _, key in methods])
    else:
        for label, key in methods:
            rows += _rows(layout, summary, kinds, label, [(key, place) for _, place in places])
    columns = tuple(label for label, _ in (methods if across else places))
    table = Table(layout.name, layout.title, "", stub, columns, tuple(rows), rows_are_tasks=across)
    return mark_best(replace(table, metric=layout.metric, lower_is_better=layout.lower_is_better))


def _summary(layout: Layout, frame: pd.DataFrame) -> Summary:
    return summarise(frame[frame["task"].isin(layout.tasks)], layout.metric)


def _rows(
    layout: Layout, summary: Summary, kinds: tuple[Kind, ...], label: Label, spots: list[tuple[Key, Place]]
) -> list[Row]:
    """Return a label's rows, one for each kind; a label that the paper lacks has ours alone."""
    mine = tuple(summary.get(spot, Value()) for spot in spots)
    theirs = tuple(_published(layout, spot) for spot in spots)
    values: dict[Kind, tuple[Value, ...]] = {
        "ours": mine,
        "paper": theirs,
        "difference": tuple(difference(a, b) for a, b in zip(mine, theirs, strict=True)),
    }
    if "ours" in kinds and not any(value.mean is not None for value in theirs):
        kinds = ("ours",)
    return [Row(label, values[kind], kind, first=i == 0) for i, kind in enumerate(kinds)]


def _published(layout: Layout, spot: tuple[Key, Place]) -> Value:
    value = layout.published.get(spot)
    return Value() if value is None else Value(value, n=layout.runs, expected=layout.runs)


def _caption(layout: Layout, mean: str) -> str:
    images = "; ".join(map(_images, layout.parts))
    line = "row" if layout.methods_across else "column"
    order = f" Laid out as Table {layout.number} of {layout.citation}." if layout.number else ""
    best = f"Best of each {line} in bold{', the lowest' if layout.lower_is_better else ''}."
    return f"Test set, {mean}. Training images: {images}. {best}{order}"


def _images(part: Part) -> str:
    """Say how many training images the classes have."""
    if part.by_count:
        common, rare = ([each(it.counts) for it in part.columns] for each in (max, min))
        return f"{_range(common)} of {part.majority}, {_range(rare)} of {part.minority}"
    return f"{part.shown}: {', '.join(_counts(column, part.classes) for column in part.columns)}"


def _counts(column: Column, classes: tuple[str, ...]) -> str:
    counts = column.counts
    if len(counts) <= 12:
        if classes:
            return f"{column.place} ({', '.join(f'{name} {n}' for name, n in zip(classes, counts, strict=True))})"
        return f"{column.place} {':'.join(map(str, counts))}"
    return f"{column.place} {max(counts)} to {min(counts)} in {len(counts)} classes"


def _range(counts: list[int]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _seeds(layout: Layout, frame: pd.DataFrame) -> str:
    n = frame.loc[frame["task"].isin(layout.tasks), "seed"].nunique()
    return f"mean over {n} seed{'s' if n > 1 else ''}" if n else "no run yet"
