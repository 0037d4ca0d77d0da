"""The dataset contract: where images come from, and which of them train, validate and test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bench.errors import DataError

PARTS = ("train", "val", "test", "spare")


@dataclass(frozen=True)
class Source:
    """Where a dataset's files can be had: an archive's address, or the page that tells how to ask for them."""

    url: str
    size: int | None = None
    sha256: str | None = None
    manual: str | None = None
    mirrors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """File names by part and class. Order matters: the first n of a class's training names are its subset of size n.

    `spare` holds what no other part uses: pool for other subset streams, and for judges that must not see the rest.
    """

    classes: tuple[str, ...]
    parts: Mapping[str, Mapping[str, tuple[str, ...]]]
    note: str = ""

    def names(self, part: str) -> list[str]:
        """Return a part's names, class after class in label order."""
        return [name for label in self.classes for name in self.parts[part][label]]

    def counts(self, part: str) -> tuple[int, ...]:
        """Return how many names a part has of each class."""
        return tuple(len(self.parts[part][label]) for label in self.classes)

    @cached_property
    def digest(self) -> str:
        """Sixteen hex digits that change when any part, class, name or order does."""
        text = json.dumps([self.classes, [[list(self.parts[p][c]) for c in self.classes] for p in PARTS]])
        return sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Pinned:
    """What a dataset's pictures are: the edition, its split, and the SHA-256 (hex) that every file must have, by name.

    The manifest is empty where the edition itself fixes the pixels (computed images, images inside a library).
    """

    edition: str
    split: Split
    manifest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A dataset's edition and split with the training counts of its classes."""

    dataset: str
    edition: str
    split: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]


class Dataset:
    """A source of images of K >= 2 classes, made imbalanced by cutting the training images of the last one.

    A dataset is the class variables, `pin`, and whichever of `read` and `content` differs from files in a folder.
    Label 0 is the majority. The split is carved before any imbalance; validation and test are balanced.
    """

    name: str
    classes: tuple[str, ...]
    minority_counts: tuple[int, ...]
    reference: ClassVar[str] = ""
    source: ClassVar[Source | None] = None
    has_files: ClassVar[bool] = True  # False: the images are computed or come inside a library
    near_duplicate: ClassVar[float | None] = (
        0.55  # similarity of near duplicates (bench/duplicates.py); None: only exact
    )

    def __init__(self, root: Path) -> None:
        """Remember the folder that holds this dataset's files; nothing is read yet."""
        self.root = root

    def pin(self) -> Pinned:
        """Find out which edition lies in the folder; called once. Without any file, it is the published edition."""
        raise NotImplementedError

    @cached_property
    def pinned(self) -> Pinned:
        """The edition, the split and the digests, looked up once per object."""
        return self.pin()

    @property
    def edition(self) -> str:
        """Which version of the pictures this is; another crop or re-encoding is another edition."""
        return self.pinned.edition

    def split(self) -> Split:
        """Return the published split of this edition."""
        return self.pinned.split

    def counts(self, whole: tuple[int, ...], minority: int) -> tuple[int, ...]:
        """Return the training counts (K,) of the task with this minority count, from those of the whole part."""
        return (*whole[:-1], minority)

    def path(self, name: str) -> Path:
        """Return the file behind a name of the split."""
        return self.root / name

    def content(self, name: str) -> bytes:
        """Return the bytes whose digest identifies one image.

        Raises
        ------
        DataError
            The file is missing or unreadable; the text names it.
        """
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            raise DataError(self.missing(name)) from None
        except OSError as error:
            raise DataError(f"{self.path(name)}: {error.strerror or error}") from error

    def missing(self, name: str) -> str:
        """Return the sentence for a file that is not there, with the command that gets it."""
        where = f"{self.path(name)}: no such file" if self.root.is_dir() else f"{self.root}: no such folder"
        return (
            f"{where}; run `imbench data prepare {self.name}`, "
            f"or set IMBENCH_DATA to the folder that holds {self.root.name}/"
        )

    def read(self, name: str) -> Image.Image:
        """Return one image as RGB, upright.

        Raises
        ------
        DataError
            The file is missing, truncated or not an image; the text names it.
        """
        path = self.path(name)
        try:
            with Image.open(path) as image:
                return ImageOps.exif_transpose(image).convert("RGB")
        except FileNotFoundError:
            raise DataError(self.missing(name)) from None
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"{path}: cannot be read as an image ({error})") from error


def draw(names: Sequence[str], sizes: Mapping[str, int], seed: int) -> dict[str, tuple[str, ...]]:
    """Shuffle `names` by `seed` and cut the parts off in order; what is left over is the part "spare".

    Raises
    ------
    DataError
        There are fewer names than the sizes ask for.
    """
    if len(names) < sum(sizes.values()):
        raise DataError(f"{len(names)} images are too few for {dict(sizes)}")
    order = np.random.default_rng(seed).permutation(len(names))
    shuffled, start, parts = [sorted(names)[i] for i in order], 0, {}
    for part, size in sizes.items():
        parts[part] = tuple(shuffled[start : start + size])
        start += size
    return parts | {"spare": tuple(shuffled[start:])}
