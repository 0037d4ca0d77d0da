"""Table 2: how many translated images evaluators take for the target class, beside the paper's figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from bench.papers.sahoo2020 import tables as paper
from bench.report import views
from bench.analysis.compared import alike, as_compared, judged
from bench.report.evaluators import doubts, evaluators, lacking, real_row
from bench.report.latex import latex
from bench.analysis.layout import Layout, extended
from bench.report.longform import longform
from bench.report.pages import page
from bench.analysis.samples import samples
from bench.analysis.summary import summarise
from bench.report.table import Kind, Table
from bench.report.translation_notes import POOLING, SPREADS, THEIRS, UNTOLD, differences, epochs, lucks

REAL = "real images"
STUB = "Translator"
BESIDE = "Side by side"
DIRECTIONS = {
    "accuracy": "both directions pooled",
    "accuracy_to_minority": "into the minority class",
    "accuracy_to_majority": "into the majority class",
}
REAL_CLASSES = {
    "accuracy": "the real images",
    "accuracy_to_minority": "real images of the minority class",
    "accuracy_to_majority": "real images of the majority class",
}
REAL_FIGURES = {
    "accuracy": "real_accuracy",
    "accuracy_to_minority": "real_accuracy_of_minority",
    "accuracy_to_majority": "real_accuracy_of_majority",
}


def table_2(measured: pd.DataFrame, tasks: Iterable[str], banner: str, interval: bool) -> dict[str, str]:
    """Return the files of Table 2 by name; none where no measurement of the paper's datasets among `tasks` was made.

    Parameters
    ----------
    measured
        Frame of `bench.analysis.measured`, all datasets in it.
    """
    found = table_2_views(measured, tasks, banner, interval)
    if found is None:
        return {}
    layout, views = found
    text = page(layout.heading, views)
    fragments = {f"{table.name}.tex": latex(table) for table in views.values()}
    return {f"{layout.name}.md": text, f"{layout.name}.csv": longform(views[BESIDE])} | fragments


def table_2_views(
    measured: pd.DataFrame, tasks: Iterable[str], banner: str, interval: bool
) -> tuple[Layout, dict[str, Table]] | None:
    """Return Table 2 pooled and by direction, beside the paper's, and the paper's; None where nothing was measured."""
    layout = paper.translation_layout()
    rows = measured[measured["task"].isin(layout.tasks)]
    if not (rows["task"].isin(list(tasks)) & (rows["status"] != "missing")).any():
        return None
    run = set(rows.loc[rows["status"] != "missing", "task"])
    mine = replace(layout, parts=tuple(part for part in layout.parts if part.task in run))
    ours = {direction: _table(mine, rows, direction, ("ours",), banner, interval) for direction in DIRECTIONS}
    both = _table(mine, rows, "accuracy", ("ours", "paper", "difference"), banner, interval=False)
    both = replace(both, name=f"{layout.name}_side_by_side")
    headings = {f"Ours, {DIRECTIONS[direction]}": table for direction, table in ours.items()}
    return mine, {**headings, BESIDE: both, "The paper's": _published(layout)}


def _table(
    layout: Layout, measured: pd.DataFrame, direction: str, kinds: tuple[Kind, ...], banner: str, interval: bool
) -> Table:
    rows = as_compared(measured)
    given = judged(rows, direction)
    marks = alike(rows, given)
    taken = samples(rows, direction)
    spots = zip(taken["task"], taken["minority_count"], taken["method"], strict=True)
    taken["alike"] = [direction if spot in marks else "" for spot in spots]
    full = extended(layout, taken)
    table = views.laid_out(full, summarise(taken, direction), kinds)
    suffix = direction.removeprefix("accuracy")
    caption = (
        f"Translated validation and test images, {DIRECTIONS[direction]}. {evaluators(rows)} Mean over "
        f"{int(rows['judges'].max())} evaluators. The last row is their accuracy on {REAL_CLASSES[direction]}. Best of "
        f"each column in bold. {_order(layout)}"
    )
    return replace(
        table,
        name=layout.name + suffix,
        stub=STUB,
        title=f"{table.title}, {DIRECTIONS[direction]}" if suffix else table.title,
        caption=caption,
        rows=(*table.rows, real_row(full, rows, REAL_FIGURES[direction], REAL)),
        notes=(
            *([THEIRS] if "paper" in kinds else []),
            *([UNTOLD] if marks else []),
            *((*differences(given), *lucks(measured, direction)) if kinds == ("ours",) else ()),
            POOLING,
            *([SPREADS] if interval else []),
            *epochs(rows),
            *doubts(rows),
            *lacking(rows),
        ),
        banner=banner,
        interval=interval,
    )


def _published(layout: Layout) -> Table:
    return replace(
        views.laid_out(layout, {}, ("paper",)),
        name=f"{layout.name}_paper",
        stub=STUB,
        caption=f"{DIRECTIONS['accuracy'].capitalize()}. Best of each column in bold. {_order(layout)}",
        notes=(f"Numbers of {paper.CITATION}, Table 2, judged by a fine-tuned Inception-v3; the marks are ours.",),
    )


def _order(layout: Layout) -> str:
    return f"Laid out as Table {layout.number} of {paper.CITATION}."
