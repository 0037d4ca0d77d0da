"""Verifying what has no rule of its own: a page written anew from the named records must print the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from bench.report.verification.mismatch import Mismatch
from bench.report.verification.page import FILE
from bench.report.verification.pagefigures import PageFigure

Key = frozenset[tuple[str, str]]


def check_derived(printed: Sequence[PageFigure], anew: Iterable[PageFigure]) -> list[Mismatch]:
    """Compare figures with those of a page written anew that say the same of themselves, in their order.

    Margins, ranks, floors, verdicts and what stands behind the numbers come out of simulations and long computations,
    for which there is no second, shorter way: this shows that the records give them, not that their formulas are right.
    """
    texts: dict[Key, list[str]] = {}
    for figure in anew:
        texts.setdefault(_key(figure), []).append(_words(figure.text))
    groups: dict[Key, list[PageFigure]] = {}
    for figure in printed:
        groups.setdefault(_key(figure), []).append(figure)
    found = []
    for key, figures in groups.items():
        for figure, text in zip_longest(figures, texts.get(key, [])[: len(figures)]):
            if _words(figure.text) != text:
                what = f"{figure.place} {figure.attributes['figure']}"
                shown = "the records give no such figure" if text is None else text
                found.append(Mismatch(FILE, figure.line, what, _words(figure.text), shown))
    return sorted(found, key=lambda it: it.line)


def _key(figure: PageFigure) -> Key:
    return frozenset((name, value) for name, value in figure.attributes.items() if name != "value")


def _words(text: str) -> str:
    return " ".join(text.split())
