"""How splits are drawn: by seed, with near duplicates kept together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from bench.data.duplicates import Pair, groups
from bench.dataset import PARTS
from bench.errors import DataError

BEND = 1  # images more or less that a class may have in a part where near duplicates leave no other choice
UNPROTECTED = "near duplicates may lie in two parts"  # a split's note says so where they could not be kept together
T = TypeVar("T")
Parts = dict[str, dict[str, tuple[str, ...]]]


class SplitError(DataError):
    """The images cannot be dealt as asked; `label` is the class that stands in the way."""

    def __init__(self, text: str, label: str) -> None:
        super().__init__(text)
        self.label = label


def carve(
    names: Mapping[str, Sequence[str]],
    sizes: Mapping[str, Mapping[str, int]],
    together: Iterable[Sequence[str]] = (),
    seed: int = 0,
) -> Parts:
    """Draw the parts of a split so that no group of near duplicates lies in two parts.

    Parameters
    ----------
    names
        The images of each class, in any order.
    sizes
        How many images of each class go to `train`, `val` and `test`; what is left over is `spare`.
    together
        Groups of near duplicates, which may span classes.
    seed
        Decides everything that is left to chance.

    Notes
    -----
    Where images without a near duplicate suffice for it, validation and test are made of them: they are dealt first,
    to test, then val, then train; groups follow, smallest first, each to the first part that still needs one of its
    images and has room for all of them, and groups that nobody needs are spare. Else groups are dealt first, the
    largest first, each to the part that lacks most of what it should have, and other images fill what is left; then a
    class may have one image more or less in a part, and the training part takes or gives it.

    Raises
    ------
    SplitError
        A class has too few images, or its near duplicates do not fit.
    """
    label_of = {name: label for label in names for name in names[label]}
    bound = [members for group in together if (members := tuple(name for name in group if name in label_of))]
    try:
        return _singles_first(names, sizes, bound, label_of, np.random.default_rng(seed))
    except SplitError:
        return _groups_first(names, sizes, bound, label_of, np.random.default_rng(seed))


def carve_what_can_be(
    names: Mapping[str, Sequence[str]],
    sizes: Mapping[str, Mapping[str, int]],
    near: Sequence[Sequence[str]],
    equal: Sequence[Sequence[str]],
    seed: int = 0,
) -> tuple[Parts, tuple[str, ...]]:
    """Draw a split as `carve` does; where a class cannot be dealt so, only its equal files are kept together.

    Returns
    -------
    The parts, and the classes whose near duplicates may lie in two parts.

    Raises
    ------
    SplitError
        A class has too few images, or its equal files do not fit.
    """
    label_of = {name: label for label in names for name in names[label]}
    given_up: list[str] = []
    while True:
        kept = [[name for name in group if label_of[name] not in given_up] for group in near]
        pairs = [Pair(a, b, 1.0) for group in [*kept, *equal] for a, b in pairwise(group)]
        try:
            return carve(names, sizes, groups(pairs), seed), tuple(given_up)
        except SplitError as error:
            if error.label in given_up:
                raise
            given_up.append(error.label)


def _undealt(
    names: Mapping[str, Sequence[str]], bound: Sequence[Sequence[str]], rng: np.random.Generator
) -> tuple[dict[str, dict[str, list[str]]], dict[str, list[str]]]:
    """Return the parts, empty, and by class the images that are in no group, shuffled."""
    grouped = {name for group in bound for name in group}
    singles = {label: _shuffled([n for n in names[label] if n not in grouped], rng) for label in names}
    return {part: {label: [] for label in names} for part in PARTS}, singles


def _singles_first(
    names: Mapping[str, Sequence[str]],
    sizes: Mapping[str, Mapping[str, int]],
    bound: Sequence[Sequence[str]],
    label_of: Mapping[str, str],
    rng: np.random.Generator,
) -> Parts:
    parts, singles = _undealt(names, bound, rng)
    for part in ("test", "val"):
        for label in names:
            wanted = sizes[part][label]
            parts[part][label], singles[label] = singles[label][:wanted], singles[label][wanted:]
    for group in sorted(_shuffled(bound, rng), key=len):
        part = _home(group, label_of, parts, sizes, singles)
        for name in group:
            parts[part][label_of[name]].append(name)
    for label in names:
        room = sizes["train"][label] - len(parts["train"][label])
        parts["train"][label] = _shuffled(parts["train"][label] + singles[label][:room], rng)
        parts["spare"][label] = _shuffled(parts["spare"][label] + singles[label][room:], rng)
    _complete(parts, sizes, bend=0)
    return {part: {label: tuple(found) for label, found in parts[part].items()} for part in PARTS}


def _groups_first(
    names: Mapping[str, Sequence[str]],
    sizes: Mapping[str, Mapping[str, int]],
    bound: Sequence[Sequence[str]],
    label_of: Mapping[str, str],
    rng: np.random.Generator,
) -> Parts:
    parts, singles = _undealt(names, bound, rng)
    for group in sorted(_shuffled(bound, rng), key=len, reverse=True):
        members = Counter(label_of[name] for name in group)

        def lack(part: str, members: Counter[str] = members) -> float:
            """The share of its images that a part still lacks in the group's classes; below 0: it has no room."""
            room = [sizes[part][label] + BEND - len(parts[part][label]) - n for label, n in members.items()]
            whole = sum(sizes[part][label] for label in members)
            return min(room) if min(room) < 0 else sum(room) / max(whole, 1)

        part = max(("train", "test", "val"), key=lack)
        part = part if lack(part) >= 0 else "spare"
        for name in group:
            parts[part][label_of[name]].append(name)
    for label in names:
        for part in ("test", "val", "train"):
            room = max(0, sizes[part][label] - len(parts[part][label]))
            parts[part][label] += singles[label][:room]
            singles[label] = singles[label][room:]
        parts["spare"][label] += singles[label]
    _complete(parts, sizes, BEND)
    return {part: {k: tuple(_shuffled(found, rng)) for k, found in parts[part].items()} for part in PARTS}


def _home(
    group: Sequence[str],
    label_of: Mapping[str, str],
    parts: Mapping[str, Mapping[str, Sequence[str]]],
    sizes: Mapping[str, Mapping[str, int]],
    singles: Mapping[str, Sequence[str]],
) -> str:
    """Return the part that a group goes to."""
    members = {label: sum(label_of[name] == label for name in group) for label in {label_of[name] for name in group}}
    for part in ("test", "val", "train"):
        room = {label: sizes[part][label] - len(parts[part][label]) for label in members}
        dealt = {label: len(singles[label]) if part == "train" else 0 for label in members}
        if any(room[label] > dealt[label] for label in members) and all(room[k] >= n for k, n in members.items()):
            return part
    return "spare"


def _complete(
    parts: Mapping[str, Mapping[str, Sequence[str]]], sizes: Mapping[str, Mapping[str, int]], bend: int
) -> None:
    for part, wanted in sizes.items():
        for label, size in wanted.items():
            # What two parts have more, a third has less.
            if abs(len(parts[part][label]) - size) > (2 * bend if part == "train" else bend):
                raise SplitError(
                    f"class {label}: {len(parts[part][label])} images for the part {part!r}, which needs {size}; "
                    "there are too few images, or too many near duplicates of each other",
                    label,
                )


def _shuffled(items: Sequence[T], rng: np.random.Generator) -> list[T]:
    ordered = sorted(items, key=str)
    return [ordered[i] for i in rng.permutation(len(ordered))]


def draw(names: Sequence[str], sizes: Mapping[str, int], seed: int) -> dict[str, tuple[str, ...]]:
    """Shuffle `names` by `seed` and cut the parts off in order; what is left over is the part "spare".

    Raises
    ------
    DataError
        There are fewer names than the sizes ask for.
    """
    if len(names) < sum(sizes.values()):
        raise DataError(f"{len(names)} images are too few for {dict(sizes)}")
    order = np.random.default_rng(seed).permutation(len(names))
    shuffled, start, parts = [sorted(names)[i] for i in order], 0, {}
    for part, size in sizes.items():
        parts[part] = tuple(shuffled[start : start + size])
        start += size
    return parts | {"spare": tuple(shuffled[start:])}
