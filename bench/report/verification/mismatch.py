"""The mismatch: something printed that the records do not give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mismatch:
    """What a file prints and what it should print; `line` is 0 where it is about the whole file."""

    file: str
    line: int
    what: str
    printed: str
    recomputed: str
