"""A survey: every image of a dataset decoded once, and what that shows: small pictures, damage, oddities."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from bench.data.decoding import SAID, picture_of
from bench.data.manifest import Progress
from bench.data.resemblance import SIDE
from bench.dataset import Dataset
from bench.errors import DataError

AT_ONCE = 256  # images handed to the decoding threads at once; bounds the memory


@dataclass(frozen=True)
class Survey:
    """What decoding the named images showed.

    `small` are grey pictures, uint8 (N, 32, 32), of the N `names` that can be decoded; `broken` says of the others why
    not. `flat` names pictures of one colour. `said` counts what was done to decode them, such as scaling 16 bits.
    """

    names: tuple[str, ...]
    small: np.ndarray
    broken: dict[str, str]
    flat: tuple[str, ...]
    said: Counter[str]


class DamagedImages(DataError):
    """Images cannot be decoded: `broken` says of each why not; the text names the first, and how to leave them out.

    `rest` is the dataset without them; None: it is of use as a whole only.
    """

    def __init__(self, broken: Mapping[str, str], rest: Dataset | None = None) -> None:
        more = f" (and {len(broken) - 1} others)" if len(broken) > 1 else ""
        how = f'; [datasets.{rest.name}] damaged = "skip" in bench.toml leaves such out' if rest else ""
        super().__init__(f"{next(iter(broken.values()))}{more}{how}")
        self.broken, self.rest = broken, rest


def survey(dataset: Dataset, names: Sequence[str], progress: Progress | None = None) -> Survey:
    """Decode the named images; no damage is an exception."""
    small = np.zeros((len(names), SIDE, SIDE), np.uint8)
    there = np.ones(len(names), bool)
    broken: dict[str, str] = {}
    flat: list[str] = []
    said: Counter[str] = Counter()

    def look(index: int) -> tuple[bool, tuple[str, ...], str]:
        try:
            image = picture_of(dataset, names[index])
        except DataError as error:
            return False, (), str(error)
        small[index] = thumbnail(image)
        return all(low == high for low, high in image.getextrema()), image.info.get(SAID, ()), ""  # type: ignore[misc]

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for start in range(0, len(names), AT_ONCE):
            indices = range(start, min(start + AT_ONCE, len(names)))
            for index, (is_flat, notes, damage) in zip(indices, pool.map(look, indices), strict=True):
                said.update(notes)
                if damage:
                    broken[names[index]], there[index] = damage, False
                elif is_flat:
                    flat.append(names[index])
                if progress:
                    progress(index + 1, len(names))
    whole = tuple(name for name in names if name not in broken)
    return Survey(whole, small if len(whole) == len(names) else small[there], broken, tuple(flat), said)


def thumbnail(image: Image.Image) -> np.ndarray:
    """Return one image's small grey picture, uint8 (32, 32)."""
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.uint8)
