"""Luck: what one method gains or loses by the translator that it happened to get, beside what it owes to seeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bench.analysis.frame import ALIKE
from bench.analysis.layout import TITLES, Label, method_label, part_of
from bench.analysis.metrics import MAIN, headline, supported
from bench.analysis.spots import method_key
from bench.analysis.states import COUNTED
from bench.analysis.summary import summarise
from bench.analysis.value import Value
from bench.report.table import Row, Table

CAPTION = (
    "Test set, {at}. Each translator was trained with another random stream; a number "
    "is the mean over {seeds} seeds of fits that rest on that translator. The standard deviation between translators "
    "is that of these means, so that it holds a share of the seeds' (about theirs by the square root of {seeds}); over "
    "seeds it is that of the fits on one translator, as a root mean square over the translators."
)


def luck_tables(task: str, cells: pd.DataFrame, banner: str) -> dict[str, Table]:
    """Return a table for each main metric, by heading; none where no method has fits on several translators."""
    found = _several(task, cells)
    if found is None:
        return {}
    place, mine = found
    told = [metric for metric in supported(_counts(mine)) if metric in MAIN]
    tables = {metric: _table(task, place, metric, mine, banner) for metric in told}
    return {f"The translator's own luck: {TITLES[metric]}": table for metric, table in tables.items()}


def luck_words(task: str, shown: str, cells: pd.DataFrame) -> Iterator[str]:
    """Say what each method got from each of several translators, and what the rest of a page rests on."""
    found = _several(task, cells)
    if found is None:
        return
    place, mine = found
    metric = headline(len(_counts(mine)))
    places = []
    for method in mine["method"].unique():
        streams = mine[mine["method"] == method].groupby("translator")
        means = [summarise(rows, metric)[method_key(method), (task, place)] for _, rows in streams]
        if len(means) > 1 and all(value.complete for value in means):
            places.append(f"{method} {', '.join(value.text() for value in means)}")
    if places:
        yield (
            f"{shown}, {_at(mine)}: {TITLES[metric].split()[0].rstrip(',')} on translators that differ in their random "
            f"stream alone: {'; '.join(places)}. Tables, charts and claims take the first. All else that needs a "
            "translator rests on one, whose luck is in no interval."
        )


def _several(task: str, cells: pd.DataFrame) -> tuple[str, pd.DataFrame] | None:
    """Return the place at which there are fits on several translators, and the cells there that have them."""
    mine = cells[cells["task"] == task]
    lucky = mine[mine["translator"] > 0]
    if not lucky["status"].isin(COUNTED).any():
        return None
    place = str(lucky.sort_values("minority_count", kind="stable")["place"].iloc[0])
    there = (mine["place"] == place) & mine["method"].isin(lucky["method"].unique())
    return place, mine[there].drop(columns=[name for name in mine if str(name).startswith(ALIKE)])


def _counts(cells: pd.DataFrame) -> list[int]:
    return [int(count) for count in cells["counts"].iloc[0].split(":")]


def _at(cells: pd.DataFrame) -> str:
    """Return the place in print."""
    first = cells.iloc[0]
    return f"{first['minority_count']} {first['minority']}" if len(_counts(cells)) == 2 else str(first["place"])


def _table(task: str, place: str, metric: str, cells: pd.DataFrame, banner: str) -> Table:
    streams = sorted(cells["translator"].unique())
    columns = [Label(str(stream), "translator", f"translator:{stream}") for stream in streams]
    columns += [Label(text, "standard deviation", f"sd {text}") for text in ("between translators", "over seeds")]
    by_stream = [summarise(cells[cells["translator"] == stream], metric) for stream in streams]
    rows = []
    for method in cells["method"].unique():
        means = tuple(found.get((method_key(method), (task, place)), Value()) for found in by_stream)
        rows.append(Row(method_label(method), (*means, _between(means), _within(means))))
    part = part_of(task, cells)
    counted = f"training images of {part.minority}" if part.by_count else "training images"
    at = f"{part.text(part.columns[0])} {counted}"
    caption = CAPTION.format(at=at, seeds=cells["seed"].nunique())
    title = f"{task}: the translator's own luck in {TITLES[metric]}"
    return Table(
        f"translators_{task}_luck_{metric}",
        title,
        caption,
        "Method",
        tuple(columns),
        tuple(rows),
        banner,
        interval=True,
    )


def _between(means: tuple[Value, ...]) -> Value:
    """Return the standard deviation of the translators' means, of those whose seeds are all done."""
    whole = [value.mean for value in means if value.complete and value.mean is not None]
    return _deviation(float(np.std(whole, ddof=1)) if len(whole) > 1 else None, len(whole), len(means))


def _within(means: tuple[Value, ...]) -> Value:
    """Return the standard deviation over seeds on one translator, pooled over those whose seeds are all done."""
    whole = [value.sd for value in means if value.complete and value.sd is not None]
    return _deviation(float(np.sqrt(np.mean(np.square(whole)))) if whole else None, len(whole), len(means))


def _deviation(sd: float | None, n: int, expected: int) -> Value:
    return Value(sd, None, n, expected, frozenset({"partial"}) if 0 < n < expected else frozenset())
