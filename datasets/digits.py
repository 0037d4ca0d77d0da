"""Digits: scikit-learn's bundled handwritten ones and eights, real images that need no download."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.carving import draw
from bench.data.splits import computed
from bench.dataset import Dataset, Pinned, Split, rare
from bench.registry import register_dataset

# Of the 45 pairs, one and eight have the closest class means (21.0 grey levels of 16; next: three and nine, 21.1) and
# are the pair that a nearest neighbour confuses most often.
DIGITS = {"one": 1, "eight": 8}


@register_dataset("digits", reference="Alpaydin & Kaynak 1998, doi:10.24432/C50P49")
class Digits(Dataset):
    """Handwritten ones and eights, 8x8, enlarged: the two digits of scikit-learn's set that look most alike."""

    name = "digits"
    classes = ("one", "eight")
    imbalances = tuple(map(rare, (8, 16, 32, 64)))
    has_files = False
    near_duplicate = None  # at 8x8 two people's ones can be equal

    def pin(self) -> Pinned:
        """Return the split; should scikit-learn ever change an image, the edition changes with it."""
        labels = _table()[:, 64]
        drawn = {
            label: draw([f"{i:04d}" for i in np.flatnonzero(labels == digit)], {"train": 100, "val": 30, "test": 44}, 0)
            for label, digit in DIGITS.items()
        }
        parts = {
            part: {label: drawn[label][part] for label in self.classes} for part in ("train", "val", "test", "spare")
        }
        return computed(
            self, "sklearn-8x8", Split(self.classes, parts, "Drawn by seed 0; names are rows of load_digits().")
        )

    def content(self, name: str) -> bytes:
        """Return the 64 grey levels."""
        return bytes(_pictures()[int(name)].tobytes())

    def read(self, name: str) -> Image.Image:
        """Return one digit, 8x8 RGB, white on black."""
        return Image.fromarray(_pictures()[int(name)]).convert("RGB")


@cache
def _pictures() -> np.ndarray:
    """Return all digits, uint8 (1797, 8, 8); the 17 grey levels of the set are stretched to 0..255."""
    return np.asarray(np.rint(_table()[:, :64].reshape(-1, 8, 8) * (255 / 16)), np.uint8)


@cache
def _table() -> np.ndarray:
    """Return what `load_digits` reads, int64 (1797, 65): 64 grey levels and the digit, without scikit-learn."""
    found = find_spec("sklearn")
    assert found and found.origin, "scikit-learn is not installed"
    with gzip.open(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        return np.array([line.split(",") for line in file], dtype=np.float64).astype(np.int64)
