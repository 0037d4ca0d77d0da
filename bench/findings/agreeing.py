"""Agreeing: whether methods stand in one order under two protocols, and on two datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.believed import ACSA, effect
from bench.findings.bodies import common, pairs
from bench.findings.printing import MISSING, counted
from bench.findings.section import Grid, Section
from bench.findings.study import Evidence, Study
from bench.statistics.agreement import FEWEST, Agreement, agreement

TITLE = "Do methods that win here win there?"


@dataclass(frozen=True)
class Compared:
    """Two studies in print, and the order of the methods that both have, and of those that surely help in both."""

    first: str
    second: str
    methods: int
    every: Agreement
    helping: int
    of_helping: Agreement | None


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
            words.append(_sentence(kind, each))
            grids.append(_grid(kind, each))
        else:
            lacking.append(without)
    return Section(TITLE, tuple(words), tuple(grids), lacking=tuple(lacking))


def _compared(first: Study, second: Study, here: str, there: str) -> Iterator[Compared]:
    a, b = first.believed, second.believed
    methods = [name for name in a.at(here) if name in b.at(there) and name != plain()]
    both = [
        name for name in methods if effect(a.gain(ACSA, name, here)) == effect(b.gain(ACSA, name, there)) == "helps"
    ]

    def answer(names: Sequence[str]) -> Agreement | None:
        if len(names) < FEWEST:
            return None
        ours, theirs = (
            np.stack([it.mean(ACSA, name, at) for name in names], axis=1) for it, at in ((a, here), (b, there))
        )
        return agreement(ours, theirs, np.random.default_rng(0))

    if every := answer(methods):
        yield Compared(first.name(here), second.name(there), len(methods), every, len(both), answer(both))


def _sentence(kind: str, each: list[Compared]) -> str:
    """Return in how many pairs the orders agree, also among methods that surely help on either side."""
    alone = [it.of_helping for it in each if it.of_helping]
    helping = (
        f"; over those alone that surely help in both, in {sum(it.low > 0 for it in alone)} of "
        f"{counted(len(alone), 'pair')} with {FEWEST} or more of them"
        if alone
        else ""
    )
    return (
        f"Between {kind}: in {sum(it.every.low > 0 for it in each)} of {counted(len(each), 'pair')} tau over all "
        f"methods is surely above 0{helping}."
    )


def _printed(found: Agreement | None) -> str:
    return f"{found.tau:+.2f} ({found.low:+.2f} to {found.high:+.2f})" if found else MISSING


def _grid(kind: str, each: list[Compared]) -> Grid:
    rows = tuple(
        (
            it.first,
            it.second,
            str(it.methods),
            _printed(it.every),
            f"{it.every.positive:.2f}",
            str(it.helping),
            _printed(it.of_helping),
        )
        for it in each
    )
    note = (
        "Kendall's tau between the true orders in ACSA of the methods against imbalance that both have: 1 the same, 0 "
        f"unrelated, -1 reversed; believed value, with ends that hold it with probability 0.9. {plain()} is left out: "
        "that all beat it here and there is no agreement among them. Much of tau over all methods only says that those "
        "that do little do little everywhere: whoever chooses between those that help should read the last column. It "
        "is near 0 also where methods are too much alike to be told apart. Of these methods, not of others."
    )
    return Grid(
        (
            "One",
            "Other",
            "Methods",
            "Kendall's tau",
            "Probability that it is above 0",
            "Help in both",
            "Kendall's tau of these",
        ),
        rows,
        f"Between {kind}",
        note,
        folded=len(rows) > 8,
    )
