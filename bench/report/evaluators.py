"""Evaluators: who judged, by name, what they do with real images, and which measurements are lacking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.layout import Label, Layout
from bench.analysis.measured import WEIGHTED
from bench.analysis.samples import of_real_images, seed_columns
from bench.analysis.spots import method_key
from bench.analysis.states import COUNTED
from bench.analysis.summary import summarise
from bench.analysis.value import Value
from bench.networks.network import network_named
from bench.papers import shelf
from bench.report.table import Row

REAL, TRUSTED = "real_accuracy", 0.9
OF_AN_EVALUATOR = ("task", "evaluator", "layers", "judges_learned_from")
LEARNED_FROM = {
    "spare": "real images that no fit and no {maker} sees",
    "train": "real training images, since the split has too few to spare",
}


def evaluators(rows: pd.DataFrame, maker: str = "translator") -> str:
    """Return a sentence that names the evaluators that were used and what they learned from; "" if none was."""
    done = rows.loc[rows["status"].isin(COUNTED), [*OF_AN_EVALUATOR]]
    found: dict[str, list[str]] = {}
    for row in done.drop_duplicates().to_dict("records"):
        layers = "all layers" if row["layers"] == "all" else "the last layer"
        images = _learned_from(row["judges_learned_from"], maker)
        text = f"{network_named(row['evaluator']).title}, {layers} fine-tuned on {images}"
        found.setdefault(text, []).append(shelf.shown(row["task"]))
    if len(found) < 2:
        return "".join(f"Evaluator: {text}." for text in found)
    return f"Evaluators: {'; '.join(text + ' (' + ', '.join(tasks) + ')' for text, tasks in found.items())}."


def _learned_from(told: str, maker: str) -> str:
    origin, weighted, _ = told.partition(WEIGHTED)
    images = LEARNED_FROM.get(origin, "real images").format(maker=maker)
    return f"{images}, as rare as they are, rare ones weighing more" if weighted else f"balanced {images}"


def real_row(layout: Layout, rows: pd.DataFrame, figure: str, label: str) -> Row:
    """Return the row of what real images get, a figure of its own, which competes with nothing."""
    found = summarise(of_real_images(rows, figure, label), figure)
    values = (found.get((method_key(label), place), Value()) for place in layout.places)
    return Row(Label(label, key=label), tuple(values))


def doubts(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return a note for each task whose evaluators are often wrong on real images."""
    done, notes = rows[rows["status"].isin(COUNTED)], []
    for task, group in done.groupby("task", sort=False):
        known = float(np.nanmean(group[seed_columns(group, REAL)].to_numpy(float)))
        if known < TRUSTED:
            notes.append(
                f"The evaluators of {shelf.shown(str(task))} are right on {100 * known:.0f} % of real images only: "
                "shares that are as high say little."
            )
    return tuple(notes)


def known_pool(rows: pd.DataFrame, maker: str = "translator", made: str = "a translation") -> tuple[str, ...]:
    """Return a note on the tasks whose evaluators learned from images that translators, or generators, train on."""
    done = rows[rows["status"].isin(COUNTED)]
    tasks = done.loc[done["judges_learned_from"].isin(("train", f"train{WEIGHTED}")), "task"].unique()
    if not len(tasks):
        return ()
    return (
        f"{', '.join(shelf.shown(str(task)) for task in tasks)}: the split keeps no images for evaluators. They have "
        f"seen the ones that {maker}s train on, and may know {made} that copies one.",
    )


def lacking(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the notes on measurements that are missing, failed or stale."""
    count = rows["status"].value_counts()
    notes = {
        "missing": f"{count.get('missing')} of {len(rows)} measurements have no record yet.",
        "failed": f"{count.get('failed')} of {len(rows)} measurements failed (see translators.csv).",
        "stale": "† Made by code that has changed since (stale).",
    }
    return tuple(text for state, text in notes.items() if state in count)
