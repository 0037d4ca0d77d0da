"""Views: one layout as three tables: our figures, the paper's, and both side by side with their difference."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bench.analysis.layout import Key, Layout, Place, method_key, method_label, place_label
from bench.report.notes import notes
from bench.papers.sahoo2020.tables import CITATION
from bench.analysis.summary import Summary, summarise
from bench.report.table import Kind, Label, Row, Table, Value, difference, mark_best

PUBLISHED_RUNS = 5


def ours(layout: Layout, frame: pd.DataFrame, banner: str, interval: bool) -> Table:
    """Return our figures in a layout; `frame` holds the cells of one profile."""
    table = laid_out(layout, summarise(frame[frame["task"].isin(layout.tasks)], layout.metric), ("ours",))
    return replace(
        table,
        caption=_caption(layout, _seeds(layout, frame) + (" ± half its 95 % interval" if interval else "")),
        banner=banner,
        interval=interval,
        notes=notes(layout, frame),
    )


def published(layout: Layout) -> Table:
    """Return the paper's own numbers; bold is put by the same rule as in our tables."""
    table = laid_out(layout, {}, ("paper",))
    source = f"Numbers of {CITATION}, Table {layout.number}; the marks are ours."
    return replace(
        table,
        name=f"{layout.name}_paper",
        caption=_caption(layout, f"mean over {PUBLISHED_RUNS} runs"),
        notes=(source, *layout.remarks),
    )


def side_by_side(layout: Layout, frame: pd.DataFrame, banner: str) -> Table:
    """Return three lines for each line of the paper's table: ours, the paper's and the difference."""
    table = laid_out(
        layout, summarise(frame[frame["task"].isin(layout.tasks)], layout.metric), ("ours", "paper", "difference")
    )
    source = f"paper: {CITATION}, Table {layout.number}, mean over {PUBLISHED_RUNS} runs."
    return replace(
        table,
        name=f"{layout.name}_side_by_side",
        caption=_caption(layout, _seeds(layout, frame)),
        banner=banner,
        notes=(source, *notes(layout, frame)),
    )


def laid_out(layout: Layout, summary: Summary, kinds: tuple[Kind, ...]) -> Table:
    """Return a layout's table without caption and notes: a line of each kind for every label, the best marked."""
    across = layout.methods_across
    methods = [(method_label(method, across), method_key(method)) for method in layout.methods]
    places = [(place_label(layout, place), place) for place in layout.places]
    stub = f"#{layout.parts[0].minority}" if across else "Method"
    rows: list[Row] = []
    if across:
        for label, place in places:
            rows += _rows(layout, summary, kinds, label, [(key, place) for _, key in methods])
    else:
        for label, key in methods:
            rows += _rows(layout, summary, kinds, label, [(key, place) for _, place in places])
    columns = tuple(label for label, _ in (methods if across else places))
    return mark_best(
        Table(layout.name, layout.title, "", stub, columns, tuple(rows), rows_are_tasks=across),
    )


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
    return Value() if value is None else Value(value, n=PUBLISHED_RUNS, expected=PUBLISHED_RUNS)


def _caption(layout: Layout, mean: str) -> str:
    images = "; ".join(
        f"{part.majority_count} of {part.majority}, {_range(part.counts)} of {part.minority}" for part in layout.parts
    )
    line = "row" if layout.methods_across else "column"
    order = f" Laid out as Table {layout.number} of {CITATION}." if layout.number else ""
    return f"Test set, {mean}. Training images: {images}. Best of each {line} in bold.{order}"


def _range(counts: tuple[int, ...]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _seeds(layout: Layout, frame: pd.DataFrame) -> str:
    n = frame.loc[frame["task"].isin(layout.tasks), "seed"].nunique()
    return f"mean over {n} seed{'s' if n > 1 else ''}" if n else "no run yet"
