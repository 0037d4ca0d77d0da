"""How a user's images become parts by share: groups and near duplicates kept together, and what that cost, said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.data.carving import UNPROTECTED, Parts, SplitError, carve, carve_what_can_be
from bench.data.collected import Found
from bench.data.dealing import Balance, Sizes, deal, evened, sizes_by_share
from bench.data.duplicates import Pair, groups
from bench.data.folders import alike_names
from bench.data.grouping import evenness, members
from bench.dataset import Split
from bench.errors import DataError

SHARE = 0.15  # of validation, and of test, where none is told
FAIR = 0.5  # share of its size that a class has in every part where near duplicates made sizes bend
PLAIN = {"natural": "as rare as found", "balanced": "the same number of every class"}


@dataclass(frozen=True)
class Shares:
    """What a user asks of the parts that are drawn: shares of validation and test, and how rare classes are there."""

    val: float = SHARE
    test: float = SHARE
    balance: Balance = "natural"
    seed: int = 0

    def __str__(self) -> str:
        whole = "each class" if self.balance == "natural" else "the smallest class, from every class,"
        shares = f"{100 * self.val:g} % of {whole} to val and {100 * self.test:g} % to test"
        return f"{shares} ({self.balance}: {PLAIN[self.balance]})"


@dataclass(frozen=True)
class Alike:
    """Images that stay together: near duplicates, equal files, and groups that the user told; each a list of names."""

    near: Sequence[Sequence[str]]
    equal: Sequence[Sequence[str]]
    group: Mapping[str, str]
    looked: bool = True  # whether near duplicates were looked for


def drawn(names: Found, shares: Shares, alike: Alike, parts: Sequence[str] = ("val", "test")) -> tuple[Parts, str]:
    """Draw the named parts by share from the images of each class, and say how well that went.

    Raises
    ------
    SplitError
        A class has too few images or groups; the text names numbers.
    """
    counts = {label: len(found) for label, found in names.items()}
    asked = {part: share for part, share in (("val", shares.val), ("test", shares.test)) if part in parts}
    sizes = sizes_by_share(counts, asked, shares.balance)
    if alike.group:
        return _by_group(names, sizes, shares, alike)
    whole = {"train": {}, "val": dict.fromkeys(names, 0), "test": dict.fromkeys(names, 0)} | sizes
    together = joined(alike.near, alike.equal)
    kept = "near duplicates stay in one part" if alike.looked else "equal files stay in one part"
    try:
        return carve(names, whole, together, shares.seed), kept
    except SplitError:
        pass
    try:
        found = deal(names, sizes, together, shares.seed)
        if _fair(found, sizes) and shares.balance == "natural":
            said = evenness(Split(tuple(names), found), sizes, len(together), "groups of near duplicates")
            return found, said
    except SplitError:
        pass
    found, given_up = carve_what_can_be(names, whole, alike.near, alike.equal, shares.seed)
    return found, f"of {', '.join(given_up)} only equal files stay in one part: {UNPROTECTED}" if given_up else kept


def classes_of_given(given: Mapping[str, Found], where: Path) -> list[str]:
    """Return the classes of parts that the user made, those of more training images first.

    Raises
    ------
    DataError
        There is no training part, or a part lacks a class of another; the text begins with `where`.
    """
    if "train" not in given:
        raise DataError(f"{where}: no image has the part train; there is {', '.join(given)}")
    labels = sorted(given["train"], key=lambda label: -len(given["train"][label]))
    named = dict.fromkeys(label for classes in given.values() for label, names in classes.items() if names)
    hint = "".join(f"; {sentence}" for sentence in alike_names(named))
    for part, classes in given.items():
        for label in labels:
            if not classes.get(label):
                raise DataError(f"{where}: class {label!r} of train has no images in {part}{hint}")
        if strange := [label for label in classes if label not in labels]:
            raise DataError(f"{where}: class {strange[0]!r} of {part} has no images in train{hint}")
    return labels


def joined(*kinds: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return groups of names that are connected through any of the given ones."""
    return groups(Pair(a, b, 1.0) for kind in kinds for group in kind for a, b in pairwise(group))


def _by_group(names: Found, sizes: Sizes, shares: Shares, alike: Alike) -> tuple[Parts, str]:
    """Deal the user's groups, those that share near duplicates as one; if no such parts are to be had, apart."""
    own, surplus = members(alike.group), shares.balance == "balanced"
    said = ""
    try:
        found = deal(names, sizes, joined(own, alike.near, alike.equal), shares.seed, surplus=surplus)
        bent = not _fair(found, sizes)
    except SplitError:
        bent = True
    if bent:  # too many groups hang together by pictures that resemble each other
        found = deal(names, sizes, joined(own, alike.equal), shares.seed, surplus=surplus)
        said = f"; too many groups have near duplicates of each other: {UNPROTECTED}" if alike.near else ""
    left_out = 0
    if surplus:
        found, left_out = evened(found, tuple(sizes))
    said = evenness(Split(tuple(names), found), sizes, len(own), "groups") + said
    return found, said + (f"; {left_out} images are in no part, for the sake of balance" if left_out else "")


def _fair(parts: Parts, sizes: Sizes) -> bool:
    return all(len(parts[part][label]) >= FAIR * n for part, of in sizes.items() for label, n in of.items())
