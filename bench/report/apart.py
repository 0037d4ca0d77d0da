"""Apart: which translators Table 2 compares, how far they lie apart, and over what that varies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.report import paper
from bench.report.samples import DONE, seed_columns, spreads
from bench.report.table import ALIKE
from bench.statistics.best import LEVEL
from bench.statistics.judged import Difference, difference

Spot = tuple[str, int, str]  # task, minority count, translator
STAGE, LEFT = "CycleGAN", "ALT"  # as the paper calls its rows
EQUAL = f"{STAGE}, equal GAN epochs"
POOLED = "accuracy"
UNTOLD = (
    f"{ALIKE} Not distinguishable from the best of its column: the 95 % interval of their difference holds 0. Each "
    f"evaluator is compared with itself; the variances over evaluators and over translators are added."
)


def values_by_translator(measured: pd.DataFrame) -> dict[Spot, np.ndarray]:
    """Return pooled accuracies by task, minority count and translator (CycleGAN, ALT), as Table 2 compares them."""
    return {} if measured.empty else shares(as_compared(measured), POOLED)


def shares(rows: pd.DataFrame, figure: str) -> dict[Spot, np.ndarray]:
    """Return what evaluators gave, float64 (translators, evaluators), by task, minority count and `generator`."""
    columns, done = seed_columns(rows, figure), rows[rows["status"].isin(DONE)]
    found: dict[Spot, np.ndarray] = {}
    for spot, group in done.groupby(["task", "minority_count", "generator"], sort=False):
        task, count, generator = map(str, spot)
        values = group[columns].to_numpy(float)
        found[task, int(count), generator] = values[:, ~np.isnan(values).any(axis=0)]
    return {spot: values for spot, values in found.items() if values.size}


def as_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the measurements that Table 2 compares, of the first stream, with `generator` as its rows are called.

    `CycleGAN` is the one trained longest, as the paper compares it; another with as many epochs as ALT's translator is
    `CycleGAN, equal GAN epochs`.
    """
    first = rows[rows["translator"] == 0]
    stages, left = first[first["seed"].isna()], first[first["generator"] == LEFT]
    named = [left]
    for task, group in stages.groupby("task", sort=False):
        longest = group["epochs"].max()
        equal = left.loc[left["task"] == task, "epochs"].max()
        named.append(group[group["epochs"] == longest].assign(generator=STAGE))
        if not pd.isna(equal) and equal != longest:
            named.append(group[group["epochs"] == equal].assign(generator=EQUAL))
    return pd.concat(named)


def alike(rows: pd.DataFrame, figure: str) -> set[Spot]:
    """Return the translators, the best of a column among them, whose mean cannot be told from the best of it."""
    given = shares(rows, figure)
    marks: set[Spot] = set()
    for _, column in rows.groupby(["task", "minority_count"], sort=False):
        groups = column.groupby(["task", "minority_count", "generator"], sort=False)
        whole = [spot for spot, group in groups if group["status"].isin(DONE).all() and spot in given]
        whole.sort(key=lambda spot: -given[spot].mean())
        for spot in whole[1:]:
            if _untold(difference(given[whole[0]], given[spot])):
                marks |= {whole[0], spot}
    return marks


def _untold(found: Difference) -> bool:
    """Return whether two means differ no more than chance lets them; always so where nothing is known of it."""
    half_width = found.half_width(LEVEL)
    return half_width is None or abs(found.value) <= half_width


def differences(rows: pd.DataFrame, figure: str) -> tuple[str, ...]:
    """Say by how much ALT's translators are above each CycleGAN, and over what that varies."""
    given = shares(rows, figure)
    lines = []
    for task in rows["task"].unique():
        for other in (STAGE, EQUAL):
            counts = [c for name, c, generator in given if (name, generator) == (task, LEFT)]
            found = [
                f"{count}: {_said(difference(given[task, count, LEFT], given[task, count, other]))}"
                for count in counts
                if (task, count, other) in given
            ]
            if found:
                lines.append(f"{paper.shown(str(task))}, {LEFT} less {other}: {'; '.join(found)}.")
    return tuple(lines)


def _said(found: Difference) -> str:
    parts = [(found.judges, "evaluators"), (found.translators, "translators")]
    known = [f"± {part.half_width(LEVEL):.4f} over {name}" for part, name in parts if part]
    both = found.half_width(LEVEL)
    alone = f" ({', '.join(known)})" if len(known) > 1 else ""
    return f"{found.value:+.4f}" + (f" ± {both:.4f}{alone}" if both is not None else "")


def luck(measured: pd.DataFrame, figure: str) -> tuple[str, ...]:
    """Say how far CycleGANs lie apart that differ in their random stream alone."""
    stages = measured[measured["seed"].isna()]
    lines = [
        f"{it.n_translators} of {generator.replace('(', ' (')} at {count}: {it.translators:.4f}"
        for _, task in stages.groupby("task", sort=False)
        for generator, count, it in spreads(task, figure)
        if it.translators is not None
    ]
    text = (
        f"The luck of the one {STAGE}, which {LEFT} goes on from, is in no interval here. Standard deviation over "
        f"translators that differ in their random stream alone: {'; '.join(lines)}."
    )
    return (text,) if lines else ()
