"""Fashion-MNIST: small grey pictures of ten kinds of clothes in the published file format, made a long tail."""

from __future__ import annotations

import gzip
import zlib
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.duplicates import near_groups
from bench.data.given_test import carve_beside
from bench.data.manifest import Progress
from bench.data.splits import published_in_parts
from bench.dataset import Dataset, Pinned, Source, Split, exponential, vector
from bench.errors import DataError
from bench.registry import register_dataset

FILES = {"train": "train", "test": "t10k"}
SIZES = {"val": 500, "annotator": 500, "train": 4900}  # of every class
IMAGES, LABELS = 0x803, 0x801  # how the two kinds of idx files begin
HEADERS = {IMAGES: 16, LABELS: 8}
SIDE = 28
ALIKE = 0.985  # of the split; below, any two pairs of trousers are alike

MANUAL = """\
The edition of Fashion-MNIST that is published here has another order than the official files at
{url}
Put its four files {root}/train-images-idx3-ubyte.gz, ... there; `imbench data check fashion_mnist` says whether they
are the ones."""


@register_dataset("fashion_mnist", reference="Xiao et al. 2017, arXiv:1708.07747")
class FashionMnist(Dataset):
    """Ten kinds of clothes, 28x28 grey: long tails of ten classes, judges' images apart."""

    name = "fashion_mnist"
    classes = (
        *("t-shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle-boot"),
    )
    imbalances = (
        exponential(100),
        exponential(10),
        # Huang & Jafari 2021, arXiv:2011.00189; their images are the first of the official order, ours are not
        vector((4166, 73, 139, 210, 287, 370, 422, 387, 545, 651), "BAGAN-GP"),
    )
    source = Source(url="https://github.com/zalandoresearch/fashion-mnist", manual=MANUAL)
    near_duplicate = (
        None  # looking for near duplicates among so many alike takes minutes; the split has kept them together
    )

    def pin(self) -> Pinned:
        """Return the published edition: the official pixels in a seeded order."""
        return published_in_parts(Path(__file__).parent / "splits", self.name, "shuffled-28")

    def path(self, name: str) -> Path:
        """Return the file that holds an image, such as `train/00012`."""
        return self.root / f"{FILES[name.split('/')[0]]}-images-idx3-ubyte.gz"

    def content(self, name: str) -> bytes:
        """Return the 784 grey levels."""
        return self._picture(name).tobytes()

    def read(self, name: str) -> Image.Image:
        """Return one image, 28x28 RGB, white on black."""
        return Image.fromarray(self._picture(name)).convert("RGB")

    def _picture(self, name: str) -> np.ndarray:
        part, number = name.split("/")
        pictures = self._pictures[part]
        if int(number) >= len(pictures):
            raise DataError(f"{self.path(name)}: has {len(pictures)} images, no number {int(number)}")
        return np.asarray(pictures[int(number)])

    @cached_property
    def _pictures(self) -> dict[str, np.ndarray]:
        """Return all images by part, uint8 (N, 28, 28)."""
        return {
            part: unpacked(self.path(f"{part}/0"), IMAGES, self.missing(f"{part}/0")).reshape(-1, SIDE, SIDE)
            for part in FILES
        }


def unpacked(path: Path, kind: int, missing: str) -> np.ndarray:
    """Return the values of an idx file, uint8 (N,).

    Raises
    ------
    DataError
        The file is missing, damaged or of another kind; the text names it.
    """
    try:
        raw = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(missing) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    count = int.from_bytes(raw[4:8], "big") * (SIDE * SIDE if kind == IMAGES else 1)
    if int.from_bytes(raw[:4], "big") != kind or len(raw) != HEADERS[kind] + count:
        raise DataError(f"{path}: not an idx file of {'28x28 images' if kind == IMAGES else 'labels'}")
    return np.frombuffer(raw, np.uint8, offset=HEADERS[kind])


def drawn(dataset: Dataset, progress: Progress | None = None) -> Split:
    """Draw the published split from the files in the dataset's folder."""
    names: dict[str, dict[str, list[str]]] = {}
    for part, file in FILES.items():
        path = dataset.root / f"{file}-labels-idx1-ubyte.gz"
        labels = unpacked(path, LABELS, f"{path}: no such file")
        names[part] = {
            label: [f"{part}/{i:05d}" for i in np.flatnonzero(labels == k)] for k, label in enumerate(dataset.classes)
        }
    everything = [name for found in names.values() for listed in found.values() for name in listed]
    together = near_groups(dataset, everything, ALIKE, progress)
    note = (
        "The official test part; of the official training part, by bench.data.given_test with seed 0, "
        + ", ".join(f"{size} of every class to {part}" for part, size in SIZES.items())
        + f". What is {ALIKE} alike or more is in one part; what resembles a test image is left out."
    )
    return Split(dataset.classes, carve_beside(names["test"], names["train"], SIZES, together, seed=0), note)
