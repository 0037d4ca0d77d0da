"""How splits are drawn: by seed, with near duplicates kept together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from bench.dataset import PARTS
from bench.errors import DataError

T = TypeVar("T")
Parts = dict[str, dict[str, tuple[str, ...]]]


class SplitError(DataError):
    """The images cannot be dealt as asked."""


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
    Images without a near duplicate are dealt first, to test, then val, then train. Groups follow, smallest first, each
    to the first part that still needs one of its images and has room for all of them; groups that nobody needs are
    spare. So validation and test hold no near duplicates as long as there are enough other images.

    Raises
    ------
    SplitError
        A class has too few images, or its near duplicates do not fit.
    """
    rng = np.random.default_rng(seed)
    label_of = {name: label for label in names for name in names[label]}
    bound = [members for group in together if (members := tuple(name for name in group if name in label_of))]
    grouped = {name for group in bound for name in group}
    parts: dict[str, dict[str, list[str]]] = {part: {label: [] for label in names} for part in PARTS}
    singles = {label: _shuffled([n for n in names[label] if n not in grouped], rng) for label in names}
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
    _complete(parts, sizes)
    return {part: {label: tuple(found) for label, found in parts[part].items()} for part in PARTS}


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


def _complete(parts: Mapping[str, Mapping[str, Sequence[str]]], sizes: Mapping[str, Mapping[str, int]]) -> None:
    for part, wanted in sizes.items():
        for label, size in wanted.items():
            if len(parts[part][label]) != size:
                raise SplitError(
                    f"class {label}: {len(parts[part][label])} images for the part {part!r}, which needs {size}; "
                    "there are too few images, or too many near duplicates of each other"
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
