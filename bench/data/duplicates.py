"""Exact and near duplicates: pairs of pictures that show the same photograph, or the same scene seconds apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.data.manifest import Progress, digests
from bench.data.resemblance import Spectra, candidates
from bench.data.survey import DamagedImages, Survey, survey
from bench.dataset import Dataset

CROWD = 1000  # members of a group from which on it is no longer asked which of them resemble each other
NOISE = "Equal files have two labels:"  # a split's note says so
_CHUNK = 2048  # pairs compared at once


@dataclass(frozen=True)
class Pair:
    """Two images that look alike; `similarity` is 1 for equal files, `mirrored` if one is the other's mirror image."""

    first: str
    second: str
    similarity: float
    mirrored: bool = False


def equal_files(digests: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the groups of at least two names whose digests are equal, in the order of their first names."""
    same = defaultdict(list)
    for name, digest in digests.items():
        same[digest].append(name)
    return [tuple(names) for names in same.values() if len(names) > 1]


def two_labels(names: Mapping[str, Sequence[str]], equal: Iterable[Sequence[str]]) -> list[str]:
    """Return a sentence about equal images that lie in two classes: one of the labels must be wrong.

    Parameters
    ----------
    names
        By class.
    equal
        Groups of names, as `equal_files` returns them.
    """
    label_of = {name: label for label in names for name in names[label]}
    noisy = [group for group in equal if len({label_of[name] for name in group}) > 1]
    if not noisy:
        return []
    shown = " = ".join(f"{name} ({label_of[name]})" for name in noisy[0][:3])
    return [f"{NOISE} {len(noisy)} image{'s' * (len(noisy) > 1)}, such as {shown}"]


def exact_pairs(digests: Mapping[str, str]) -> list[Pair]:
    """Return pairs that connect all names of equal digests: n - 1 for n equal files, each with its neighbour."""
    return [Pair(a, b, 1.0) for names in equal_files(digests) for a, b in pairwise(names)]


def near_pairs(
    names: Sequence[str], thumbnails: np.ndarray, threshold: float, progress: Progress | None = None
) -> list[Pair]:
    """Return the pairs at least `threshold` alike, the most alike first.

    Parameters
    ----------
    names
        N names.
    thumbnails : uint8 (N, 32, 32)
        Small grey pictures, as a survey takes them.
    threshold
        Between 0 and 1, of `Spectra.similarities`. Photographs: all pairs above 0.55 that were looked at show the same
        scene.
    progress
        Called with pictures done and in all.

    Notes
    -----
    Within a group of more than `CROWD` pictures (aligned scans can all be alike) pairs are left out that would join
    what is joined already: groups, and whether one lies in two parts, are as from all pairs.
    """
    joined = _Joined(len(names))
    pairs = []
    for rows, columns, done in candidates(thumbnails, threshold):
        seen, places = np.unique(np.concatenate([rows, columns]), return_inverse=True)
        first, second = places[: len(rows)], places[len(rows) :]
        spectra = Spectra.of(thumbnails[seen])
        for start in range(0, len(rows), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            worth = start + np.flatnonzero(~joined.crowded(rows[chunk], columns[chunk]))
            alike, mirrored = spectra.similarities(first[worth], second[worth])
            for k in np.flatnonzero(alike >= threshold):
                i, j = int(rows[worth[k]]), int(columns[worth[k]])
                joined.join(i, j)
                pairs.append(Pair(names[i], names[j], round(float(alike[k]), 4), bool(mirrored[k])))
        if progress:
            progress(done, len(names))
    return sorted(pairs, key=lambda pair: -pair.similarity)


def near_groups(
    dataset: Dataset,
    names: Sequence[str],
    threshold: float | None,
    progress: Progress | None = None,
    known: Iterable[Pair] = (),
) -> list[tuple[str, ...]]:
    """Return the groups of exact, near and otherwise known duplicates among the named images.

    The threshold may be lower than the one of `imbench data check`: keeping two strangers together costs nothing. None
    looks for equal files only.

    Raises
    ------
    DataError
        A file is missing or is not an image; the text names it.
    """
    found = digests(dataset, names)
    near = [] if threshold is None else alike(whole(survey(dataset, names, progress)), found, threshold, progress)
    return groups([*exact_pairs(found), *near, *known])


def alike(seen: Survey, digests: Mapping[str, str], threshold: float, progress: Progress | None = None) -> list[Pair]:
    """Return the near pairs of what a survey saw, one of each set of equal files standing for all of them."""
    first = {digests[name]: k for k, name in reversed(list(enumerate(seen.names)))}
    single = sorted(first.values())
    return near_pairs([seen.names[k] for k in single], seen.small[single], threshold, progress)


def whole(seen: Survey) -> Survey:
    """Return a survey that saw no damage; DamagedImages if it saw some."""
    if seen.broken:
        raise DamagedImages(seen.broken)
    return seen


def groups(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    """Return the connected groups of at least two names, each sorted, in the order of their first names."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = name = parent[parent[name]]  # halves the way for those who come after
        return name

    for pair in pairs:
        parent[root(pair.first)] = root(pair.second)
    members = defaultdict(list)
    for name in sorted(parent):
        members[root(name)].append(name)
    return sorted(tuple(names) for names in members.values())


class _Joined:
    """Which pictures are in one group so far; the smaller of two groups takes the larger one's label."""

    def __init__(self, count: int) -> None:
        self.label = np.arange(count)
        self.members = {i: [i] for i in range(count)}

    def join(self, a: int, b: int) -> None:
        """Make one group of two pictures' groups."""
        small, large = sorted((int(self.label[a]), int(self.label[b])), key=lambda label: len(self.members[label]))
        if small != large:
            moved = self.members.pop(small)
            self.label[moved] = large
            self.members[large] += moved

    def crowded(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return which pairs are in one group that is a crowd already, bool (P,)."""
        same = np.asarray(self.label[i] == self.label[j])
        same[same] = [len(self.members[label]) > CROWD for label in self.label[i[same]].tolist()]
        return same
