"""Changes: what of protocol, code and environment is not the same on both sides, and in how many runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bench.plan.identity import differences
from bench.record import Record
from bench.analysis.comparing.runs import Cells


def changes(ours: Cells, theirs: Cells) -> list[tuple[str, str, int]]:
    """Return (kind, what, runs) for every field that differs in a pair of runs, most frequent first.

    Kinds are `identity` (protocol, split, method's parameters, ...), `code` (a module's name) and `environment`.
    """
    counter: Counter[tuple[str, str]] = Counter()
    pairs = {
        (ours[place][seed].record.id, theirs[place][seed].record.id): (ours[place][seed], theirs[place][seed])
        for place in ours.keys() & theirs.keys()
        for seed in ours[place].keys() & theirs[place].keys()
    }
    for first, second in pairs.values():
        counter.update(_between(first.record, second.record))
    return [(kind, what, runs) for (kind, what), runs in sorted(counter.items(), key=lambda it: (-it[1], it[0]))]


def _between(ours: Record, theirs: Record) -> Iterator[tuple[str, str]]:
    for line in differences(ours.identity, theirs.identity):
        yield "identity", line
    for module in sorted(ours.code.keys() | theirs.code.keys()):
        if ours.code.get(module) != theirs.code.get(module):
            yield "code", module
    for line in differences(ours.environment, theirs.environment):
        yield "environment", line
