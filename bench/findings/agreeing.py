"""Agreeing: whether methods stand in one order under two protocols, and on two datasets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.believed import ACSA
from bench.findings.bodies import common, pairs
from bench.findings.printing import counted
from bench.findings.section import Grid, Section
from bench.findings.study import Evidence, Study
from bench.statistics.agreement import FEWEST, Agreement, agreement

TITLE = "Do methods that win here win there?"
Compared = tuple[str, str, int, Agreement]  # two studies in print, how many methods they have in common, the answer


def agreeing(found: Evidence) -> Section:
    """Return Kendall's tau of the methods against imbalance between protocols and between datasets."""
    protocols = [
        it
        for first, second in pairs(found)
        for place in common(first, second)[:1]
        for it in _compared(first, second, place, place)
    ]
    datasets = {
        profile: [
            it
            for a, b in combinations([it for it in found.studies if it.profile == profile], 2)
            for it in _compared(a, b, a.rarest, b.rarest)
        ]
        for profile in found.profiles
    }
    words, grids, lacking = [], [], []
    for kind, each, without in (
        (
            "protocols, at the smallest count that both have",
            protocols,
            "Rank agreement between protocols: no dataset is run under two yet.",
        ),
        *(
            (
                f"datasets under {profile}, at their smallest counts",
                mine,
                f"Rank agreement between datasets: no two are run under {profile} yet.",
            )
            for profile, mine in datasets.items()
        ),
    ):
        if each:
            surely = sum(it.low > 0 for *_, it in each)
            words.append(
                f"Between {kind}: in {surely} of {counted(len(each), 'pair')} tau is surely above 0, so that methods "
                "tend to the same order."
            )
            grids.append(_grid(kind, each))
        else:
            lacking.append(without)
    return Section(TITLE, tuple(words), tuple(grids), lacking=tuple(lacking))


def _compared(first: Study, second: Study, here: str, there: str) -> Iterator[Compared]:
    a, b = first.believed, second.believed
    methods = [name for name in a.at(here) if name in b.at(there) and name != plain()]
    if len(methods) >= FEWEST:
        ours, theirs = (
            np.stack([it.mean(ACSA, name, at) for name in methods], axis=1) for it, at in ((a, here), (b, there))
        )
        if answer := agreement(ours, theirs, np.random.default_rng(0)):
            yield first.name(here), second.name(there), len(methods), answer


def _grid(kind: str, each: list[Compared]) -> Grid:
    rows = tuple(
        (first, second, str(methods), f"{it.tau:+.2f} ({it.low:+.2f} to {it.high:+.2f})", f"{it.positive:.2f}")
        for first, second, methods, it in each
    )
    note = (
        "Kendall's tau between the true orders in ACSA of the methods against imbalance that both have: 1 the same, 0 "
        f"unrelated, -1 reversed; believed value, with ends that hold it with probability 0.9. {plain()} is left out: "
        "that all beat it here and there is no agreement among them. Rows that hardly differ from it are in, and stand "
        "low in both orders wherever the others help: part of tau is theirs. It is near 0 also where methods are too "
        "much alike to be told apart. Of these methods, not of others."
    )
    return Grid(
        ("One", "Other", "Methods", "Kendall's tau", "Probability that it is above 0"),
        rows,
        f"Between {kind}",
        note,
        folded=len(rows) > 8,
    )
