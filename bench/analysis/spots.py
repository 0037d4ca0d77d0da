"""Places and rows: what makes two columns, or two spellings of a method, the same in every table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from bench.errors import ConfigError
from bench.expression import Expression

COUNTS = re.compile(r"\d{1,12}(:\d{1,12})*")  # images of each class; longer ones are in edited files alone
Key = tuple[str, ...]
Place = tuple[str, str]  # a task and the label of its counts, such as ("horse2zebra", "450:25")


class Spot(NamedTuple):
    """One place of our results: a row at a place."""

    method: str
    task: str
    place: str


@cache
def method_key(method: str) -> Key:
    """Return what makes two spellings the same row: blanks and the order around `+` do not matter.

    A row that is no method, such as `real images`, goes by its words.
    """
    try:
        return Expression.parse(method).key
    except ConfigError:
        return (method.replace(" ", ""),)


def resolved(task: str, at: int | str, places: Iterable[Place]) -> Place:
    """Return the place of a task that a claim means: by its label, or of two classes by the count of the last.

    That is the rarer there, as where a paper or `--minority` cuts it: the place where it is the commoner is another.
    """
    for name, label in places:
        if name == task and (label == str(at) or (label.count(":") == 1 and _rare(label) == at)):
            return name, label
    return task, str(at)


def _rare(label: str) -> int | None:
    if not COUNTS.fullmatch(label):
        return None
    *others, last = map(int, label.split(":"))
    return last if last <= min(others) else None
