"""Notes: the lines below a table that say what its numbers rest on and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.frame import ALIKE as MARKS
from bench.analysis.layout import Layout
from bench.analysis.metrics import METRICS
from bench.analysis.spots import method_key
from bench.analysis.value import ALIKE, DASH
from bench.method import Method
from bench.registry import METHODS

LONGEST_LIST = 4
MOST_NAMED = 12  # classes whose images are told one by one


def notes(layout: Layout, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the notes of a table of our own figures; `frame` holds the cells of one profile."""
    places = {*layout.places}
    spots = zip(frame["task"], frame["place"], strict=True)
    cells = frame[np.array([spot in places for spot in spots], dtype=bool)]
    lines = [
        _setting(layout, cells),
        _test_part(layout, cells),
        _epochs(cells),
        _validation(layout, cells),
        _conditional(cells),
        _not_asked(layout, cells),
        _missing(cells),
        _listed("Failed (see cells.csv)", cells[cells["status"] == "failed"], seeds=True),
        _listed("n/a, not applicable", cells[cells["status"] == "not applicable"], seeds=False),
        _unsaid(layout),
        _alike(layout, cells),
        "† Made by code that has changed since (stale)." if (cells["status"] == "stale").any() else "",
    ]
    return tuple(line for line in lines if line)


def _alike(layout: Layout, cells: pd.DataFrame) -> str:
    """Explain the mark of what cannot be told from the best, if there is one."""
    marks = f"{MARKS}{layout.metric}"
    if marks not in cells or not cells[marks].any():
        return ""
    line = "row" if layout.methods_across else "column"
    return (
        f"{ALIKE} Not distinguishable from the best of its {line}: no difference at the 95 % level, all comparisons of "
        "the dataset taken together, over seeds and test images."
    )


def _setting(layout: Layout, cells: pd.DataFrame) -> str:
    """Say image size and length, which a profile may set per dataset."""
    lines = []
    for part in layout.parts:
        mine = cells[cells["task"] == part.task]
        sizes, epochs = _values(mine["image_size"]), _values(mine["epochs"])
        if sizes and epochs:
            pixels = " or ".join(f"{size} x {size}" for size in sizes)
            lines.append(f"{part.shown}: {pixels} pixels, {' or '.join(map(str, epochs))} epochs")
    return f"{'; '.join(lines)}." if lines else ""


def _test_part(layout: Layout, cells: pd.DataFrame) -> str:
    """Say whether test parts are balanced or natural, of which precision, F1 and accuracy depend."""
    lines = []
    for part in layout.parts if "test_images" in cells else ():
        for told in sorted({*cells.loc[cells["task"] == part.task, "test_images"]} - {""}):
            counts = [*map(int, str(told).split(":"))]
            named = part.classes if len(part.classes) == len(counts) <= MOST_NAMED else ()
            each = ", ".join(f"{name} {n}" for name, n in zip(named, counts, strict=True)) if named else ""
            even = len({*counts}) == 1
            spread = each or f"{min(counts)} to {max(counts)} images of a class"
            lines.append(
                f"{part.shown} {f'balanced ({counts[0]} images of each class)' if even else f'natural ({spread})'}"
            )
    return f"Test part: {'; '.join(lines)}." if lines else ""


def _epochs(cells: pd.DataFrame) -> str:
    if "dataset" not in set(cells["epoch"].dropna()):
        return ""
    return (
        "Epochs are counted as the paper counts them: one pass over the method's own training set. "
        "Methods that train on fewer images take fewer steps."
    )


def _validation(layout: Layout, cells: pd.DataFrame) -> str:
    """Say that the last epoch counts, or where it is selected on more minority images than there are to train on."""
    lines, last = [], []
    for part in layout.parts:
        mine = cells[cells["task"] == part.task]
        most = max(_values(mine["validation_images"]), default=0)
        if (mine["selection"] == "last").any():
            last.append(part.shown)
        elif most > mine["minority_count"].min():
            lines.append(f"{most} of {part.minority if part.settled else 'the rarest class'}")
    said = [f"The last epoch is tested, none is selected: {', '.join(last)}."] if last else []
    if lines:
        images = ", ".join(lines)
        said.append(
            f"The epoch is selected on validation images ({images}) that outnumber some minority training sets."
        )
    return " ".join(said)


def _conditional(cells: pd.DataFrame) -> str:
    """Name the methods whose seeds all rest on one stage, a trained translator or generator."""
    applicable = cells[cells["status"] != "not applicable"]
    resting = [method for method in dict.fromkeys(applicable["method"]) if _rests_on_stages(method)]
    if not resting:
        return ""
    return (
        f"{', '.join(resting)}: all seeds share one training of the network that makes their images; their spread "
        "leaves its luck out."
    )


def _rests_on_stages(method: str) -> bool:
    names = [term.partition("(")[0].strip() for term in method.split("+")]
    return any(name in METHODS and METHODS[name].cls.requires is not Method.requires for name in names)


def _not_asked(layout: Layout, cells: pd.DataFrame) -> str:
    """Name the rows and columns of the layout that no run was asked for."""
    keys = {method_key(method) for method in cells["method"]}
    run = {*zip(cells["task"], cells["place"], strict=True)}
    lacking = [method for method in layout.methods if method_key(method) not in keys]
    for part in layout.parts:
        if places := [part.text(it) for it in part.columns if (part.task, it.place) not in run]:
            lacking.append(f"{part.shown} at {_shortened(places, 10)}{f' {part.minority}' if part.by_count else ''}")
    return f"{DASH} Not run: {', '.join(lacking)}." if lacking else ""


def _missing(cells: pd.DataFrame) -> str:
    missing, failed = ((cells["status"] == state).sum() for state in ("missing", "failed"))
    if not missing and not failed:
        return ""
    asked = int((cells["status"] != "not applicable").sum())
    lines = [f"{missing} of {asked} runs have no record yet"] if missing else []
    lines += [f"{failed} of {asked} runs failed"] if failed else []
    text = " and ".join(lines)
    return f"{text}: (n/N) follows a mean over n of N seeds. Only complete cells compete for bold."


def _listed(heading: str, cells: pd.DataFrame, seeds: bool) -> str:
    """List methods and counts (and seeds) under their common reason."""
    lines = []
    for reason, group in cells.groupby("error", sort=False):
        spots = [
            f"{row.method} at {row.task} {_place(row)}" + (f" seed {row.seed}" if seeds else "")
            for row in group.itertuples()
        ]
        lines.append(f"{_shortened(list(dict.fromkeys(spots)), LONGEST_LIST)}: {_one_line(str(reason))}")
    return f"{heading}: {_shortened(lines, LONGEST_LIST, '; ')}." if lines else ""


def _place(row: Any) -> str:
    """Return the count of the minority class for two classes, else the place."""
    return str(row.minority_count) if row.counts.count(":") == 1 else str(row.place)


def _unsaid(layout: Layout) -> str:
    """Say where the metric says nothing, and why."""
    if layout.metric not in METRICS:
        return ""
    reasons: dict[str, list[str]] = {}
    for part in layout.parts:
        for column in part.columns:
            if reason := METRICS[layout.metric].supports(column.counts):
                reasons.setdefault(reason, []).append(part.text(column))
    lines = [f"{_shortened(places, 10)}: {reason}" for reason, places in reasons.items()]
    return f"n/a, not applicable: {'; '.join(lines)}." if lines else ""


def _shortened(items: Sequence[str], longest: int, comma: str = ", ") -> str:
    rest = len(items) - longest
    return comma.join([*items[:longest], *([f"{rest} more"] if rest > 0 else [])])


def _one_line(text: str) -> str:
    flat = " ".join(text.split()).rstrip(".")
    return flat if len(flat) <= 160 else f"{flat[:157]}..."


def _values(column: pd.Series) -> list[int]:
    return sorted({int(value) for value in column.dropna()})
