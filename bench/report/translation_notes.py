"""The notes below Table 2: what its numbers vary over, how far ALT's lie from each CycleGAN's, and how to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from bench.papers.sahoo2020 import tables as paper
from bench.analysis.compared import EQUAL, JOINT, START, TRANSLATOR, Spot, comparisons
from bench.analysis.layout import method_label
from bench.analysis.samples import spreads
from bench.report.table import ALIKE
from bench.statistics.best import LEVEL
from bench.statistics.judged import Judged, Varying, difference

THEIRS = (
    f"paper: {paper.CITATION}, Table 2, judged by a fine-tuned Inception-v3; shares that other evaluators give are not "
    "the same measure."
)
UNTOLD = f"{ALIKE} Not distinguishable from the best of its column: the interval of their difference holds 0."
VARYING = (
    "In a difference each evaluator is compared with itself, and the variances over evaluators and over translators "
    f"are added. A {TRANSLATOR} is one training, and is given the luck that {JOINT}'s translators show; the one where "
    f"{JOINT} starts is taken as it is, and so are the images: their luck is in no interval."
)
POOLING = "A pooled share near one half can mean 1 in one direction and 0 in the other: see both directions."
SPREADS = (
    f"{TRANSLATOR} is one translator: its interval is over evaluators. {JOINT} has a translator for each seed: its "
    "interval is over them, each the mean over evaluators. The two widths do not compare."
)


def differences(given: Mapping[Spot, Judged]) -> Iterator[str]:
    """Say by how much ALT's translators are above each CycleGAN, and over what that varies; a sentence a CycleGAN."""
    for task in dict.fromkeys(task for task, _, _ in given):
        counts = [count for name, count, generator in given if (name, generator) == (task, JOINT)]
        lines = []
        for other in (START, EQUAL, TRANSLATOR):
            found = [
                f"{count}: {_said(difference(given[task, count, JOINT], given[task, count, other]))}"
                for count in counts
                if (task, count, other) in given
            ]
            if found:
                lines.append(f"{paper.shown(task)}, {JOINT} less {other}: {'; '.join(found)}.")
        yield from lines
        if lines:
            yield f"{VARYING} {_levels(comparisons(given, task))}"


def _levels(n: int) -> str:
    """Say at which level differences of n comparisons are printed, and at which they are marked."""
    together = (
        f"; marks and claims are judged so that all {n} differences within columns hold together" if n > 1 else ""
    )
    return f"Each ± is that of its difference alone, at the {100 * LEVEL:.0f} % level{together}."


def _said(found: Varying) -> str:
    parts = [(found.judges, "evaluators"), (found.translators, "translators")]
    known = [f"± {part.half_width(LEVEL):.4f} over {name}" for part, name in parts if part]
    both = found.half_width(LEVEL)
    alone = f" ({', '.join(known)})" if len(known) > 1 else ""
    return f"{found.value:+.4f}" + (f" ± {both:.4f}{alone}" if both is not None else "")


def lucks(measured: pd.DataFrame, figure: str) -> tuple[str, ...]:
    """Say how far CycleGANs lie apart that differ in their random stream alone."""
    stages = measured[measured["seed"].isna()]
    lines = [
        f"{paper.shown(str(name))}, {it.n_translators} of {method_label(generator, across=False).flat} at {count}: "
        f"{it.translators:.4f}"
        for name, task in stages.groupby("task", sort=False)
        for generator, count, it in spreads(task, figure)
        if it.translators is not None
    ]
    text = (
        f"All rows go on from one {TRANSLATOR}, whose luck is in no interval here. Standard deviation over translators "
        f"that differ in their random stream alone: {'; '.join(lines)}."
    )
    return (text,) if lines else ()


def epochs(rows: pd.DataFrame) -> tuple[str, ...]:
    """Say after how many epochs the translators of each task are compared."""
    lines = []
    for task, group in rows[rows["epochs"].notna()].groupby("task", sort=False):
        known = group.groupby("generator", sort=False)["epochs"].max()
        lines.append(f"{paper.shown(str(task))}: {'; '.join(f'{name} {count}' for name, count in known.items())}. ")
    text = (
        f"Epochs of the translators. {''.join(lines)}Without more words {TRANSLATOR} is the one trained longest; the "
        f"paper's has as many as its {JOINT} has of classifier and of GAN together."
    )
    return (text,) if lines else ()
