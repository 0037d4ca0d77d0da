"""Notes: the lines below a table that say what its numbers rest on and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.method import Method
from bench.registry import METHODS
from bench.analysis.layout import Layout, method_key
from bench.report.table import ALIKE, DASH

LONGEST_LIST = 4


def notes(layout: Layout, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the notes of a table of our own figures; `frame` holds the cells of one profile."""
    spots = zip(frame["task"], frame["minority_count"], strict=True)
    cells = frame[np.array([(task, int(count)) in layout.places for task, count in spots], dtype=bool)]
    lines = [
        _setting(layout, cells),
        _epochs(cells),
        _validation(layout, cells),
        _conditional(cells),
        _not_asked(layout, cells),
        _missing(cells),
        _listed("Failed (see cells.csv)", cells[cells["status"] == "failed"], seeds=True),
        _listed("n/a, not applicable", cells[cells["status"] == "not applicable"], seeds=False),
        _alike(layout, cells),
        "† Made by code that has changed since (stale)." if (cells["status"] == "stale").any() else "",
    ]
    return tuple(line for line in lines if line)


def _alike(layout: Layout, cells: pd.DataFrame) -> str:
    """Explain the mark of what cannot be told from the best, if there is one."""
    if "alike" not in cells or not any(layout.metric in str(text).split() for text in cells["alike"]):
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


def _epochs(cells: pd.DataFrame) -> str:
    if "dataset" not in set(cells["epoch"].dropna()):
        return ""
    return (
        "Epochs are counted as the paper counts them: one pass over the method's own training set. "
        "Methods that train on fewer images (US) take fewer steps."
    )


def _validation(layout: Layout, cells: pd.DataFrame) -> str:
    """Say where the epoch is selected on more minority images than there are to train on."""
    lines = []
    for part in layout.parts:
        mine = cells[cells["task"] == part.task]
        most = max(_values(mine["validation_images"]), default=0)
        if most > mine["minority_count"].min():
            lines.append(f"{most} of {part.minority}")
    if not lines:
        return ""
    return (
        f"The epoch is selected on validation images ({', '.join(lines)}) that outnumber some minority training sets."
    )


def _conditional(cells: pd.DataFrame) -> str:
    """Name the methods whose seeds all rest on one stage, such as a trained translator."""
    applicable = cells[cells["status"] != "not applicable"]
    resting = [method for method in dict.fromkeys(applicable["method"]) if _rests_on_stages(method)]
    if not resting:
        return ""
    return (
        f"{', '.join(resting)}: conditional on one translator, which all seeds share; their spread leaves its luck out."
    )


def _rests_on_stages(method: str) -> bool:
    names = [term.partition("(")[0].strip() for term in method.split("+")]
    return any(name in METHODS and METHODS[name].cls.requires is not Method.requires for name in names)


def _not_asked(layout: Layout, cells: pd.DataFrame) -> str:
    """Name the rows and columns of the layout that no run was asked for."""
    keys = {method_key(method) for method in cells["method"]}
    run = {(task, int(n)) for task, n in zip(cells["task"], cells["minority_count"], strict=True)}
    lacking = [method for method in layout.methods if method_key(method) not in keys]
    for part in layout.parts:
        if counts := [str(n) for n in part.counts if (part.task, n) not in run]:
            lacking.append(f"{part.shown} at {_shortened(counts, 10)} {part.minority}")
    return f"{DASH} Not run: {', '.join(lacking)}." if lacking else ""


def _missing(cells: pd.DataFrame) -> str:
    missing, failed = ((cells["status"] == state).sum() for state in ("missing", "failed"))
    if not missing and not failed:
        return ""
    lines = [f"{missing} of {len(cells)} runs have no record yet"] if missing else []
    lines += [f"{failed} of {len(cells)} runs failed"] if failed else []
    text = " and ".join(lines)
    return f"{text}: (n/N) follows a mean over n of N seeds. Only complete cells compete for bold."


def _listed(heading: str, cells: pd.DataFrame, seeds: bool) -> str:
    """List methods and counts (and seeds) under their common reason."""
    lines = []
    for reason, group in cells.groupby("error", sort=False):
        spots = [
            f"{row.method} at {row.task} {row.minority_count}" + (f" seed {row.seed}" if seeds else "")
            for row in group.itertuples()
        ]
        lines.append(f"{_shortened(list(dict.fromkeys(spots)), LONGEST_LIST)}: {_one_line(str(reason))}")
    return f"{heading}: {_shortened(lines, LONGEST_LIST, '; ')}." if lines else ""


def _shortened(items: Sequence[str], longest: int, comma: str = ", ") -> str:
    rest = len(items) - longest
    return comma.join([*items[:longest], *([f"{rest} more"] if rest > 0 else [])])


def _one_line(text: str) -> str:
    flat = " ".join(text.split()).rstrip(".")
    return flat if len(flat) <= 160 else f"{flat[:157]}..."


def _values(column: pd.Series) -> list[int]:
    return sorted({int(value) for value in column.dropna()})
