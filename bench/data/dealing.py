"""Dealing by share: parts as rare as found or balanced, no group in two of them, classes as even as groups allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np

from bench.data.carving import Parts, SplitError
from bench.dataset import PARTS

Balance = Literal["natural", "balanced"]
Sizes = dict[str, dict[str, int]]  # by part and class
ROUNDS = 10  # times that every group is asked whether it lies better in another part
EMPTY = 1e6  # what it costs that a class has no image in a part that should have some
T = TypeVar("T")


def sizes_by_share(counts: Mapping[str, int], shares: Mapping[str, float], balance: Balance) -> Sizes:
    """Return how many images of each class go to each part; the rest trains.

    Parameters
    ----------
    counts
        Images of each class.
    shares
        By part other than `train`. Natural: of each class, so that parts are as rare as the whole. Balanced: of the
        smallest class, the same number of every class. A part has one image of each class at least.

    Raises
    ------
    SplitError
        A class would have no image left to train on.
    """
    smallest = min(counts.values())
    sizes = {
        part: {label: max(1, round(share * (n if balance == "natural" else smallest))) for label, n in counts.items()}
        for part, share in shares.items()
        if share
    }
    left = {label: n - sum(of[label] for of in sizes.values()) for label, n in counts.items()}
    if bare := next((label for label in counts if left[label] < 1), None):
        asked = " and ".join(f"{of[bare]} to {part}" for part, of in sizes.items())
        raise SplitError(f"class {bare}: of its {counts[bare]} images {asked} leave none to train on", bare)
    return {"train": left, **sizes}


def deal(
    names: Mapping[str, Sequence[str]],
    sizes: Sizes,
    groups: Sequence[Sequence[str]],
    seed: int,
    noun: str = "groups",
    surplus: bool = False,
) -> Parts:
    """Draw parts in which no group is divided, each class as near to its size in each part as that allows.

    Groups are dealt first, the largest first, each to the part where it lessens most the sum of (n - size)^2 / size
    over classes and parts, then moved as long as that lessens it; images without a group fill what is left.

    Parameters
    ----------
    groups
        Of names that stay together; no name is in two.
    surplus
        Whether images beyond a size of another part than `train` will be left out, which costs no more than they are.

    Raises
    ------
    SplitError
        A class has no image left for a part; the text says how many groups it has.
    """
    rng = np.random.default_rng(seed)
    label_of = {name: label for label in names for name in names[label]}
    bound = [members for group in groups if len(members := [name for name in group if name in label_of]) > 1]
    ordered = sorted(_shuffled(bound, rng), key=len, reverse=True)
    tally = _Tally(sizes, names, [Counter(label_of[name] for name in group) for group in ordered], surplus)
    homes = tally.dealt()
    parts: dict[str, dict[str, list[str]]] = {part: {label: [] for label in names} for part in PARTS}
    for group, part in zip(ordered, homes, strict=True):
        for name in group:
            parts[part][label_of[name]].append(name)
    grouped = {name for group in bound for name in group}
    for label in names:
        singles = _shuffled([name for name in names[label] if name not in grouped], rng)
        for part in (*(part for part in sizes if part != "train"), "train"):
            room = len(singles) if part == "train" else max(0, sizes[part][label] - len(parts[part][label]))
            parts[part][label] += singles[:room]
            singles = singles[room:]
        for part in sizes:
            if not parts[part][label]:
                mine = [sum(label_of.get(name) == label for name in group) for group in groups]
                of = sum(n > 0 for n in mine) + len(names[label]) - sum(mine)
                whole = (
                    "; one holds all of them: is it the class itself?"
                    if max(mine, default=0) == len(names[label])
                    else ""
                )
                raise SplitError(
                    f"class {label}: its {len(names[label])} images are of {of} {noun}, which cannot be dealt to "
                    f"{len(sizes)} parts without dividing one{whole}",
                    label,
                )
    return {part: {label: tuple(_shuffled(found, rng)) for label, found in parts[part].items()} for part in PARTS}


def evened(parts: Parts, dealt: Collection[str]) -> tuple[Parts, int]:
    """Return parts of which those dealt, but `train`, have as many of each class, and how many images that leaves out.

    What is left out is in no part, since its group may be in another.
    """
    even, left_out = dict(parts), 0
    for part in (part for part in dealt if part != "train"):
        least = min(map(len, parts[part].values()))
        even[part] = {label: found[:least] for label, found in parts[part].items()}
        left_out += sum(len(found) - least for found in parts[part].values())
    return even, left_out


class _Tally:
    """How many images of each class each part has, and what it costs to be away from the sizes."""

    def __init__(
        self, sizes: Sizes, names: Mapping[str, Sequence[str]], groups: list[Counter[str]], surplus: bool
    ) -> None:
        self.parts = list(sizes)
        self.groups = groups
        labels = {label: k for k, label in enumerate(names)}
        self.size = np.array([[sizes[part][label] for label in labels] for part in self.parts], float)
        self.count = np.zeros_like(self.size)
        self.whole = np.array([len(found) for found in names.values()], float)
        self.surplus = np.array([[surplus and part != "train"] for part in self.parts])
        self.rows = [(np.array([labels[it] for it in group]), np.array([*group.values()], float)) for group in groups]
        # What is in no group can fill any part.
        self.free = self.whole.copy()
        for at, n in self.rows:
            self.free[at] -= n

    def dealt(self) -> list[str]:
        """Return the part of each group."""
        homes = [self._put(row) for row in self.rows]
        for _ in range(ROUNDS):
            moved = False
            for k, row in enumerate(self.rows):
                self.count[homes[k], row[0]] -= row[1]
                home = self._put(row)
                moved, homes[k] = moved or home != homes[k], home
            if not moved:
                break
        return [self.parts[home] for home in homes]

    def _put(self, row: tuple[np.ndarray, np.ndarray]) -> int:
        """Put a group where it costs least, and return where."""
        at, n = row
        now = self.count[:, at]
        away = self._cost(now + n, at) - self._cost(now, at)
        # A part that has nothing of a class, and cannot get it from images without a group, needs it most.
        away -= EMPTY * ((now == 0) & (self.free[at] < len(self.parts)))
        home = int(away.sum(axis=1).argmin())
        self.count[home, at] += n
        return home

    def _cost(self, count: np.ndarray, at: np.ndarray) -> np.ndarray:
        size = self.size[:, at]
        lost = np.maximum(count - size, 0) / self.whole[at]
        worth: np.ndarray = np.where(self.surplus & (count > size), lost, (count - size) ** 2 / np.maximum(size, 1))
        return worth


def _shuffled(items: Sequence[T], rng: np.random.Generator) -> list[T]:
    ordered = sorted(items, key=str)
    return [ordered[i] for i in rng.permutation(len(ordered))]
