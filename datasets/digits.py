"""Digits: scikit-learn's bundled handwritten ones and eights, or all ten, real images that need no download."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.carving import draw
from bench.data.splits import read_split
from bench.dataset import Dataset, Pinned, Split, exponential, rare
from bench.registry import register_dataset

TEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SIZES = {"train": 100, "val": 30, "test": 44}


class Bundled(Dataset):
    """Rows of scikit-learn's `load_digits()`, 8x8, white on black; a name is the number of a row."""

    has_files = False
    near_duplicate = None  # at 8x8 two people's ones can be equal
    pixels: str  # digest of all pictures of the split; a test holds that scikit-learn still has them

    def pin(self) -> Pinned:
        """Return the published split; the edition fixes the pixels."""
        split = read_split(Path(__file__).parent / "splits" / f"{self.name}.json")
        return Pinned(f"sklearn-8x8-{self.pixels}", split)

    def content(self, name: str) -> bytes:
        """Return the 64 grey levels."""
        return bytes(_pictures()[int(name)].tobytes())

    def read(self, name: str) -> Image.Image:
        """Return one digit, 8x8 RGB, white on black."""
        return Image.fromarray(_pictures()[int(name)]).convert("RGB")


@register_dataset("digits", reference="Alpaydin & Kaynak 1998, doi:10.24432/C50P49")
class Digits(Bundled):
    """Handwritten ones and eights, 8x8, enlarged: the two digits of scikit-learn's set that look most alike."""

    # Of the 45 pairs, one and eight have the closest class means (21.0 grey levels of 16; next: three and nine, 21.1)
    # and are the pair that a nearest neighbour confuses most often.
    name = "digits"
    classes = ("one", "eight")
    imbalances = (rare(8),)  # one: this is everybody's first run
    pixels = "07e4253efc55"


@register_dataset("digits10", reference="Alpaydin & Kaynak 1998, doi:10.24432/C50P49")
class TenDigits(Bundled):
    """All ten handwritten digits, 8x8, enlarged: a long tail that needs no download."""

    name = "digits10"
    classes = TEN
    imbalances = (exponential(20), exponential(5))
    pixels = "e0c18d577942"


def drawn(dataset: Dataset) -> Split:
    """Draw the published split of a set of digits."""
    from sklearn.datasets import load_digits

    labels = load_digits().target
    found = {
        label: draw([f"{i:04d}" for i in np.flatnonzero(labels == TEN.index(label))], SIZES, 0)
        for label in dataset.classes
    }
    parts = {part: {label: found[label][part] for label in dataset.classes} for part in (*SIZES, "spare")}
    return Split(dataset.classes, parts, "Drawn by seed 0; names are rows of load_digits().")


@cache
def _pictures() -> np.ndarray:
    """Return all digits, uint8 (1797, 8, 8); the 17 grey levels of the set are stretched to 0..255."""
    from sklearn.datasets import load_digits

    return np.asarray(np.rint(load_digits().images * (255 / 16)), np.uint8)
