"""Fashion-MNIST: small grey pictures of ten kinds of clothes in the published file format, made a long tail."""

from __future__ import annotations

import gzip
import zlib
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.collected import text_of
from bench.data.duplicates import near_groups
from bench.data.given_test import carve_beside
from bench.data.manifest import Progress
from bench.data.splits import published_in_parts
from bench.dataset import Dataset, Pinned, Source, Split, exponential, vector
from bench.errors import DataError
from bench.registry import register_dataset

SPLITS = Path(__file__).parent / "splits"
FILES = {"train": "train", "test": "t10k"}
SIZES = {"val": 500, "annotator": 500, "train": 4900}  # of every class
IMAGES, LABELS = 0x803, 0x801  # how the two kinds of idx files begin
HEADERS = {IMAGES: 16, LABELS: 8}
SIDE = 28
MOST_BYTES = 64 << 20  # of a file, packed or not: the largest unpacks to 47 MB
ALIKE = 0.985  # of the split; below, any two pairs of trousers are alike

# Size and digest of each file as TensorFlow Datasets recorded them.
HOST = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
MIRROR = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
OFFICIAL = {
    "train-images-idx3-ubyte.gz": (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    "train-labels-idx1-ubyte.gz": (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    "t10k-images-idx3-ubyte.gz": (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    "t10k-labels-idx1-ubyte.gz": (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
}


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
    source = Source(
        url="https://github.com/zalandoresearch/fashion-mnist",
        files=tuple(
            Source(f"{HOST}/{name}", size, digest, mirrors=(f"{MIRROR}/{name}",))
            for name, (size, digest) in OFFICIAL.items()
        ),
    )
    near_duplicate = (
        None  # looking for near duplicates among so many alike takes minutes; the split has kept them together
    )

    def pin(self) -> Pinned:
        """Return the published edition: the official pixels in a seeded order, whatever that of the files."""
        return published_in_parts(SPLITS, self.name, "shuffled-28")

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

    def labels(self, part: str) -> np.ndarray:
        """Return the numbers of the classes of a part's images in the order of their names, uint8 (N,)."""
        path = self.root / f"{FILES[part]}-labels-idx1-ubyte.gz"
        found = unpacked(path, LABELS, f"{path}: no such file")
        return found.take(self._order[part])

    @cached_property
    def _pictures(self) -> dict[str, np.ndarray]:
        """All images by part in the order of their names, uint8 (N, 28, 28)."""
        return {part: pictures[self._order[part]] for part, pictures in self._in_files.items()}

    @cached_property
    def _order(self) -> dict[str, np.ndarray]:
        """Where in the files the images lie, by part in the order of their names, (N,).

        `splits/fashion_mnist.order-PART.npy` tells where each is among all of its part when they are sorted.
        """
        found = {}
        for part, pictures in self._in_files.items():
            places = np.load(SPLITS / f"{self.name}.order-{part}.npy", allow_pickle=False)
            found[part] = ranked(pictures)[places] if len(places) == len(pictures) else np.arange(len(pictures))
        return found

    @cached_property
    def _in_files(self) -> dict[str, np.ndarray]:
        """All images by part in the order of the files, uint8 (N, 28, 28)."""
        return {
            part: unpacked(self.path(f"{part}/0"), IMAGES, self.missing(f"{part}/0")).reshape(-1, SIDE, SIDE)
            for part in FILES
        }


def ranked(pictures: np.ndarray) -> np.ndarray:
    """Return indices (N,) that sort pictures (N, 28, 28) by their bytes: the same pictures in whatever order."""
    return np.argsort(pictures.reshape(len(pictures), -1).view(f"S{SIDE * SIDE}").ravel(), kind="stable")


def unpacked(path: Path, kind: int, missing: str) -> np.ndarray:
    """Return the values of an idx file, uint8 (N,).

    Raises
    ------
    DataError
        The file is missing, damaged or of another kind; the text names it.
    """
    try:
        if not path.exists():
            raise DataError(missing)
        with gzip.open(BytesIO(text_of(path, MOST_BYTES))) as file:
            raw = file.read(MOST_BYTES + 1)  # no idx file of theirs has so much
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    count = int.from_bytes(raw[4:8], "big") * (SIDE * SIDE if kind == IMAGES else 1)
    if int.from_bytes(raw[:4], "big") != kind or len(raw) != HEADERS[kind] + count:
        raise DataError(f"{path}: not an idx file of {'28x28 images' if kind == IMAGES else 'labels'}")
    return np.frombuffer(raw, np.uint8, offset=HEADERS[kind])


def drawn(dataset: FashionMnist, progress: Progress | None = None) -> Split:
    """Draw the published split from the files in the dataset's folder."""
    names: dict[str, dict[str, list[str]]] = {}
    for part in FILES:
        labels = dataset.labels(part)
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
