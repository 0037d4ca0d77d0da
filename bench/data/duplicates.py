"""Exact and near duplicates: pairs of pictures that show the same photograph, or the same scene seconds apart."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from bench.data.manifest import Progress
from bench.dataset import Dataset

SIDE = 32  # pixels of a thumbnail's side
SHIFT = 2  # thumbnails are compared at all offsets up to so many pixels
_BLOCK = 512  # images compared at once; bounds the memory


@dataclass(frozen=True)
class Pair:
    """Two images that look alike; `similarity` is 1 for equal files, `mirrored` if one is the other's mirror image."""

    first: str
    second: str
    similarity: float
    mirrored: bool = False


def exact_pairs(digests: Mapping[str, str]) -> list[Pair]:
    """Return all pairs of names whose digests are equal."""
    same = defaultdict(list)
    for name, digest in digests.items():
        same[digest].append(name)
    return [Pair(a, b, 1.0) for names in same.values() for a, b in combinations(names, 2)]


def near_pairs(names: Sequence[str], thumbnails: np.ndarray, threshold: float) -> list[Pair]:
    """Return all pairs at least `threshold` alike, the most alike first.

    Parameters
    ----------
    names
        N names.
    thumbnails : float32 (N, 32, 32)
        As `thumbnails` returns them.
    threshold
        Between 0 and 1. Photographs: all pairs above 0.55 that were looked at show the same scene.

    Notes
    -----
    Similarity is the correlation of the thumbnails after local contrast normalisation, so that two pictures of sky
    above grass do not count as alike; the best of 25 offsets, and of the picture and its mirror image. The middle 28x28
    of one is compared with every 28x28 window of the other.
    """
    flat = _local_contrast(thumbnails)
    pairs = []
    for start in range(0, len(names), _BLOCK):
        best, mirrored = _best_offsets(flat[start : start + _BLOCK], flat[start:])
        rows, columns = np.nonzero(np.triu(best >= threshold, 1))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
            pairs.append(Pair(names[start + i], names[start + j], round(float(best[i, j]), 4), bool(mirrored[i, j])))
    return sorted(pairs, key=lambda pair: -pair.similarity)


def thumbnails(dataset: Dataset, names: Sequence[str], progress: Progress | None = None) -> np.ndarray:
    """Return small grey pictures, float32 (N, 32, 32) in 0..255.

    Raises
    ------
    DataError
        A file is missing or is not an image; the text names it.
    """
    small = np.empty((len(names), SIDE, SIDE), np.float32)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for i, picture in enumerate(pool.map(lambda name: thumbnail(dataset.read(name)), names)):
            small[i] = picture
            if progress:
                progress(i + 1, len(names))
    return small


def thumbnail(image: Image.Image) -> np.ndarray:
    """Return one image's small grey picture, float32 (32, 32)."""
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


def groups(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    """Return the connected groups of at least two names, each sorted, in the order of their first names."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for pair in pairs:
        parent[root(pair.first)] = root(pair.second)
    members = defaultdict(list)
    for name in sorted(parent):
        members[root(name)].append(name)
    return sorted(tuple(names) for names in members.values())


def _local_contrast(small: np.ndarray) -> np.ndarray:
    """Remove local brightness and contrast; 4 of 255 grey levels keep noise in flat areas small."""
    detail = small - gaussian_filter(small, (0, 2, 2))
    return np.asarray(detail / (np.sqrt(gaussian_filter(detail**2, (0, 2, 2))) + 4), np.float32)


def _best_offsets(some: np.ndarray, all_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best similarity of each of (n, 32, 32) with each of (m, 32, 32), and where the mirror image won."""
    best = np.full((len(some), len(all_)), -1, np.float32)
    mirrored = np.zeros(best.shape, bool)
    middle = _unit(_window(some, SHIFT, SHIFT))
    for mirror in (False, True):
        other = all_[:, :, ::-1] if mirror else all_
        other_middle = _unit(_window(other, SHIFT, SHIFT))
        for y, x in product(range(2 * SHIFT + 1), repeat=2):
            # Both ways round, so that the order of a pair does not matter.
            similarity = np.maximum(middle @ _unit(_window(other, y, x)).T, _unit(_window(some, y, x)) @ other_middle.T)
            mirrored[similarity > best] = mirror
            np.maximum(best, similarity, out=best)
    return best, mirrored


def _window(pictures: np.ndarray, y: int, x: int) -> np.ndarray:
    """Return what of (n, 32, 32) lies in the window at an offset, (n, 28, 28)."""
    side = SIDE - 2 * SHIFT
    return pictures[:, y : y + side, x : x + side]


def _unit(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as rows of mean 0 and length 1; an empty picture is like nothing."""
    rows = pictures.reshape(len(pictures), -1)
    rows = rows - rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3), np.float32)
