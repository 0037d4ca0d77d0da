"""Translation: how many translated images evaluators take for the target class, beside a paper's figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from bench.analysis.compared import alike, as_compared, judged
from bench.analysis.frame import ALIKE
from bench.analysis.layout import Layout, adopted, extended
from bench.analysis.samples import samples
from bench.analysis.spots import Spot
from bench.analysis.summary import summarise
from bench.analysis.value import Kind
from bench.papers import shelf
from bench.papers.paper import Translations
from bench.report.evaluators import doubts, evaluators, known_pool, lacking, real_row
from bench.report.report import Sheet
from bench.report.table import Table
from bench.report.tableviews import SIDE_BY_SIDE, THEIRS, laid_out
from bench.report.translation_controls import cannot_tell, control_tables
from bench.report.translation_notes import POOLING, UNTOLD, differences, epochs, lucks, spread_words, theirs

REAL = "real images"
STUB = "Translator"
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


def translation_sheets(measured: pd.DataFrame, tasks: Iterable[str], banner: str, interval: bool) -> Iterator[Sheet]:
    """Give each paper's table of translators: pooled, by direction, with its controls, beside the paper's, the paper's.

    There is none where nothing of its datasets among `tasks` was measured.

    Parameters
    ----------
    measured
        Frame of `bench.analysis.measured`, all datasets in it.
    """
    for paper in shelf.papers():
        if paper.translations is None:
            continue
        rows = measured[measured["task"].isin(paper.translations.layout.tasks)]
        made = rows["status"] != "missing"
        if not (rows["task"].isin(list(tasks)) & made).any():
            continue
        layout, run = adopted(paper.translations.layout, rows), set(rows.loc[made, "task"])
        mine = replace(layout, parts=tuple(part for part in layout.parts if part.task in run))
        said = replace(paper.translations, layout=mine)
        views = {
            f"Ours, {name}": _table(said, rows, direction, ("ours",), banner, interval)
            for direction, name in DIRECTIONS.items()
        }
        views |= control_tables(mine, as_compared(rows, said.rivals), banner, interval)
        both = _table(said, rows, "accuracy", ("ours", "paper", "difference"), banner, interval=False)
        views[SIDE_BY_SIDE] = replace(both, name=f"{layout.name}_side_by_side")
        views[THEIRS] = _published(paper.translations)
        yield Sheet(layout.name, mine.heading, views, "folded", SIDE_BY_SIDE)


def _table(
    said: Translations, measured: pd.DataFrame, direction: str, kinds: tuple[Kind, ...], banner: str, interval: bool
) -> Table:
    layout, rivals, rows = said.layout, said.rivals, as_compared(measured, said.rivals)
    given = judged(measured, direction, rivals)
    marks = alike(rows, given)
    taken = samples(rows, direction)
    spots = map(Spot, taken["method"], taken["task"], taken["place"])
    taken[f"{ALIKE}{direction}"] = [spot in marks for spot in spots]
    full = extended(layout, rows.assign(method=rows["generator"]))
    table = laid_out(full, summarise(taken, direction), kinds)
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
            *([theirs(said)] if "paper" in kinds else []),
            *([UNTOLD] if marks else []),
            *((*cannot_tell(given), *differences(given, rivals)) if kinds == ("ours",) else ()),
            *(lucks(measured, direction, rivals) if kinds == ("ours",) else ()),
            POOLING,
            *([spread_words(rivals)] if interval else []),
            *epochs(rows, said),
            *doubts(rows),
            *known_pool(rows),
            *lacking(rows),
        ),
        banner=banner,
        interval=interval,
        metric="",
    )


def _published(said: Translations) -> Table:
    layout = said.layout
    return replace(
        laid_out(layout, {}, ("paper",)),
        name=f"{layout.name}_paper",
        stub=STUB,
        caption=f"{DIRECTIONS['accuracy'].capitalize()}. Best of each column in bold. {_order(layout)}",
        notes=(
            f"Numbers of {layout.citation}, Table {layout.number}, judged by {said.judged_by}; the marks are ours.",
        ),
        metric="",
    )


def _order(layout: Layout) -> str:
    return f"Laid out as Table {layout.number} of {layout.citation}."
