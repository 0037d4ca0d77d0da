"""CIFAR-10: small photographs of ten things, made a long tail; as JPEG or official files, their test part kept."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.collected import text_of
from bench.data.duplicates import near_groups
from bench.data.given_test import carve_beside
from bench.data.manifest import Progress
from bench.data.splits import published_in_parts, written_down
from bench.dataset import Dataset, Pinned, Source, Split, exponential, vector
from bench.errors import DataError
from bench.registry import register_dataset

SIZES = {"val": 500, "annotator": 500, "train": 3800}  # of every class
ALIKE = 0.63
BINARY = "cifar-10-batches-bin"  # the folder in the official archive
BATCHES = {"train": [f"data_batch_{k}.bin" for k in range(1, 6)], "test": ["test_batch.bin"]}
AGAIN = f"move {BINARY} away and run `imbench data prepare cifar10`"
SIDE = 32
PIXELS = 3 * SIDE * SIDE
MOST_BYTES = 64 << 20  # of an official file, which has 31 MB


@register_dataset("cifar10", reference="Krizhevsky 2009, Learning multiple layers of features from tiny images")
class Cifar10(Dataset):
    """Ten classes of photographs, 32x32: long tails of ten classes, judges' images apart."""

    name = "cifar10"
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    imbalances = (
        exponential(100),
        exponential(10),
        exponential(1),
        # Huang & Jafari 2021, arXiv:2011.00189
        vector((3490, 71, 130, 221, 269, 349, 435, 485, 572, 628), "BAGAN-GP"),
    )
    # Size and digest as TensorFlow Datasets recorded them.
    source = Source(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        size=170_052_171,
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    )
    near_duplicate = ALIKE

    def pin(self) -> Pinned:
        """Return the published edition, JPEG files of quality 75, unless the folder holds the official pixels."""
        if (self.root / BINARY).is_dir() and not (self.root / "train").is_dir():
            file = self.root / "imbench-split-binary.json"
            return written_down(self, "binary", lambda: drawn(self, self.progress), file)
        return published_in_parts(Path(__file__).parent / "splits", self.name, "jpeg75")

    def path(self, name: str) -> Path:
        """Return the file that holds an image, such as `train/frog/0012.jpg`, or `train/00012` of the official ones."""
        if name.count("/") > 1:
            return self.root / name
        part, number = name.split("/")
        batches = BATCHES[part]
        return self.root / BINARY / batches[int(number) * len(batches) // len(self._pixels[part])]

    def content(self, name: str) -> bytes:
        """Return the bytes of a JPEG file, or the 3,072 of an official picture: red, green, blue."""
        return super().content(name) if name.count("/") > 1 else self._picture(name).tobytes()

    def read(self, name: str) -> Image.Image | None:
        """Return an official picture, 32x32 RGB; a JPEG file is to be decoded."""
        if name.count("/") > 1:
            return None
        return Image.fromarray(self._picture(name).reshape(3, SIDE, SIDE).transpose(1, 2, 0))

    def names(self, part: str) -> dict[str, list[str]]:
        """Return the names of the images in an official part, by class."""
        if not (self.root / part).is_dir():
            labels = self._labels[part]
            return {
                label: [f"{part}/{i:05d}" for i in np.flatnonzero(labels == k)] for k, label in enumerate(self.classes)
            }
        return {
            label: sorted(f"{part}/{label}/{path.name}" for path in (self.root / part / label).glob("*.jpg"))
            for label in self.classes
        }

    def _picture(self, name: str) -> np.ndarray:
        part, number = name.split("/")
        return np.ascontiguousarray(self._pixels[part][int(number)])

    @cached_property
    def _pixels(self) -> dict[str, np.ndarray]:
        """The official pictures by part, uint8 (N, 3072)."""
        return {part: rows[:, 1:] for part, rows in self._rows.items()}

    @cached_property
    def _labels(self) -> dict[str, np.ndarray]:
        """The numbers of their classes, uint8 (N,)."""
        return {part: rows[:, 0] for part, rows in self._rows.items()}

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        """What the official files hold, uint8 (N, 3073): of each image its label, then its pixels."""
        return {part: np.concatenate([batch(self.root / BINARY / it) for it in BATCHES[part]]) for part in BATCHES}


def batch(path: Path) -> np.ndarray:
    """Return the rows of an official file, uint8 (N, 3073).

    Raises
    ------
    DataError
        It cannot be read, or is no such file; the text names it.
    """
    try:
        raw = np.frombuffer(text_of(path, MOST_BYTES), np.uint8)
    except DataError as error:
        raise DataError(f"{error}; {AGAIN}") from None
    if not len(raw) or len(raw) % (1 + PIXELS) or raw[:: 1 + PIXELS].max() > 9:
        raise DataError(f"{path}: not a file of CIFAR-10's binary version; {AGAIN}")
    return raw.reshape(-1, 1 + PIXELS)


def drawn(dataset: Cifar10, progress: Progress | None = None) -> Split:
    """Draw the published split from the files in the dataset's folder; by the same rule, one from the official ones."""
    train, test = dataset.names("train"), dataset.names("test")
    everything = [name for found in (train, test) for names in found.values() for name in names]
    together = near_groups(dataset, everything, ALIKE, progress)
    note = (
        "The official test part; of the official training part, by bench.data.given_test with seed 0, "
        + ", ".join(f"{size} of every class to {part}" for part, size in SIZES.items())
        + f". What is {ALIKE} alike or more is in one part; what resembles a test image is left out."
    )
    return Split(dataset.classes, carve_beside(test, train, SIZES, together, seed=0), note)
