"""Verifying what stands around the figures: marks, sentences, the order of rows and who is called the best."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher

import pandas as pd

from bench.report.verification.mismatch import Mismatch
from bench.report.verification.page import FILE

MOST = 20  # differences that are told
# What may differ though the records are the same: pictures and what is said of them, places of files, the suite's own
# version, and what code has changed since the report was written.
ELSEWHERE = (
    r'<section id="(?:pictures|reproduce)".*?\n</section>',
    r'<p class="note">.*?</p>',
    r"<div><dt>imbalance-bench, for this page</dt>.*?</div>",
    r'<sup[^>]*>\N{DAGGER}</sup><span class="unseen">[^<]*</span>',
    r"<li>\N{DAGGER}[^<]*</li>",
    r"(?<=</code>) stale",
    r" \(some of these runs were made by code that has changed since\)",
)
TAGS = re.compile(r"<[^>]+>")
LOOKS = re.compile(r' class="([^"]*)"')


def check_words(printed: str, fresh: str, known: Collection[int]) -> list[Mismatch]:
    """Compare the text of a page, and the looks of its cells, with those of a page written anew.

    `known` are lines that have been told already.
    """
    ours, theirs = list(_lines(printed)), list(_lines(fresh))
    texts = [text for _, text in ours], [text for _, text in theirs]
    if texts[0] == texts[1]:
        return []
    found: list[Mismatch] = []
    for kind, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if kind != "equal":
            line = ours[min(a, len(ours) - 1)][0] if ours else 0
            if not {number for number, _ in ours[a:b]} & {*known}:
                found.append(Mismatch(FILE, line, "text", " ".join(texts[0][a:b]), " ".join(texts[1][c:d])))
    return found[:MOST]


def check_marks(cells: pd.DataFrame, fresh: pd.DataFrame) -> Iterator[Mismatch]:
    """Compare which rows cells.csv calls not distinguishable from the best with those of the frame made anew."""
    keys = ["task", "minority_count", "method", "seed", "translator"]
    anew = {tuple(row[key] for key in keys): row["alike"] for row in fresh.to_dict("records")}
    for line, row in enumerate(cells.to_dict("records"), start=2):
        spot = tuple(row[key] for key in keys)
        if row["status"] in ("done", "stale") and row["alike"] != anew.get(spot, ""):
            where = f"{row['task']} {row['minority_count']} {row['method']} seed {row['seed']}"
            yield Mismatch("cells.csv", line, f"{where}: alike", row["alike"], anew.get(spot, ""))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give each line of a page's main part that says something, with its number; what may differ is left out."""
    for pattern in ELSEWHERE:  # the line breaks stay, so that lines keep their numbers
        text = re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        inside = (inside or "<main" in line) and "</main>" not in line
        words = " ".join(html.unescape(TAGS.sub(" ", line)).split())
        looks = " ".join(LOOKS.findall(line))
        if inside and words:
            yield number, f"{words} [{looks}]" if looks else words
