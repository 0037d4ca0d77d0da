"""Notes below a table of translators: what its numbers vary over, how far they lie apart, and how to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from bench.analysis.compared import Rivals, comparisons
from bench.analysis.layout import method_label
from bench.analysis.samples import spreads
from bench.analysis.spots import Spot
from bench.analysis.value import ALIKE
from bench.papers import shelf
from bench.papers.paper import Translations
from bench.statistics.best import LEVEL
from bench.statistics.judged import Judged, Varying, difference

UNTOLD = (
    f"{ALIKE} Not distinguishable from the best of its column: the interval of their difference holds 0, or there is "
    "none, for the luck of one of the two is not known."
)
_VARYING = (
    "In a difference each evaluator is compared with itself, and the variances over evaluators and over translators "
    "are added. A {alone} is one training, and is given the luck of others of as many epochs that differ from it in "
    "their random stream; where it has as many as {joint}'s, which went on from the same one, at a pinch that of "
    "{joint}'s. Without either its luck is not known, and the difference has no interval. The one where {joint} starts "
    "is taken as it is, and so are the images: their luck is in no interval."
)
POOLING = "A pooled share near one half can mean 1 in one direction and 0 in the other: see both directions."


def theirs(said: Translations) -> str:
    """Say whose the numbers beside ours are."""
    return (
        f"paper: {said.layout.citation}, Table {said.layout.number}, judged by {said.judged_by}; shares that other "
        "evaluators give are not the same measure."
    )


def spread_words(rivals: Rivals) -> str:
    """Say what the intervals are over."""
    return (
        f"{rivals.alone} is one translator: its interval is over evaluators. {rivals.joint} has a translator for each "
        "seed: its interval is over them, each the mean over evaluators. The two widths do not compare."
    )


def differences(given: Mapping[Spot, Judged], rivals: Rivals) -> Iterator[str]:
    """Say by how much a method's translators are above each stage's, a sentence a stage, then over what that varies."""
    compared = {}
    for task in dict.fromkeys(spot.task for spot in given):
        places = [spot.place for spot in given if (spot.task, spot.method) == (task, rivals.joint)]
        lines = []
        for other in (rivals.start, rivals.equal, rivals.alone):
            found = [
                f"{_text(place)}: {_said(difference(given[Spot(rivals.joint, task, place)], against))}"
                for place in places
                if (against := given.get(Spot(other, task, place)))
            ]
            if found:
                lines.append(f"{shelf.shown(task)}, {rivals.joint} less {other}: {'; '.join(found)}.")
        yield from lines
        if lines:
            compared[task] = comparisons(given, task)
    if compared:
        yield f"{_VARYING.format(alone=rivals.alone, joint=rivals.joint)} {_levels(compared)}"


def _levels(compared: Mapping[str, int]) -> str:
    """Say at which level differences are printed, and at which they are marked where a task has several."""
    many = ", ".join(f"{shelf.shown(task)} {n}" for task, n in compared.items() if n > 1)
    judged = "; marks and claims are judged so that all differences within a dataset's columns hold together"
    together = f"{judged} ({many})" if many else ""
    return f"Each ± is that of its difference alone, at the {100 * LEVEL:.0f} % level{together}."


def _said(found: Varying) -> str:
    parts = [(found.judges, "evaluators"), (found.translators, "translators")]
    known = [f"± {part.half_width(LEVEL):.4f} over {name}" for part, name in parts if part]
    both = found.half_width(LEVEL)
    if not found.whole:
        return f"{found.value:+.4f} ({', '.join([*known, 'a luck that is not known'])})"
    alone = f" ({', '.join(known)})" if len(known) > 1 else ""
    return f"{found.value:+.4f}" + (f" ± {both:.4f}{alone}" if both is not None else "")


def lucks(measured: pd.DataFrame, figure: str, rivals: Rivals) -> tuple[str, ...]:
    """Say how far stages lie apart that differ in their random stream alone."""
    stages = measured[measured["seed"].isna()]
    lines = [
        f"{shelf.shown(str(name))}, {it.n_translators} of {method_label(generator).flat} at {_text(place)}: "
        f"{it.translators:.4f}"
        for name, task in stages.groupby("task", sort=False)
        for generator, place, it in spreads(task, figure)
        if it.translators is not None
    ]
    text = (
        f"All rows go on from one {rivals.alone}, whose luck is in no interval here. Standard deviation over "
        f"translators that differ in their random stream alone: {'; '.join(lines)}."
    )
    return (text,) if lines else ()


def epochs(rows: pd.DataFrame, said: Translations) -> tuple[str, ...]:
    """Say after how many epochs the translators of each task are compared."""
    lines = []
    for task, group in rows[rows["epochs"].notna()].groupby("task", sort=False):
        known = group.groupby("generator", sort=False)["epochs"].max()
        lines.append(f"{shelf.shown(str(task))}: {'; '.join(f'{name} {count}' for name, count in known.items())}. ")
    return (f"Epochs of the translators. {''.join(lines)}{said.epochs}",) if lines else ()


def _text(place: str) -> str:
    """Return the count of the minority for two classes, else the place."""
    return place.split(":")[-1] if place.count(":") == 1 else place
